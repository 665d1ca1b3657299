package gen

import (
	"fmt"
	"go/types"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sagagen/sagagen/gen/internal/model"
	"github.com/sagagen/sagagen/gen/internal/report"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const modelsDir = "../testdata/models"

// TestModels analyzes the packages of testdata/models, which have no mistakes,
// and compares the model of each with its model.txt.
func TestModels(t *testing.T) {
	entries, err := os.ReadDir(modelsDir)
	require.NoError(t, err)
	var patterns []string
	for _, e := range entries {
		patterns = append(patterns, "./"+e.Name())
	}
	result, err := Analyze(t.Context(), Options{Dir: modelsDir, Patterns: patterns})
	require.NoError(t, err)
	require.Empty(t, result.Diagnostics)
	require.Len(t, result.Packages, len(entries))
	for _, p := range result.Packages {
		t.Run(filepath.Base(p.Dir), func(t *testing.T) {
			golden := filepath.Join(p.Dir, "model.txt")
			found := modelText(p)
			if *update {
				require.NoError(t, os.WriteFile(golden, []byte(found), 0o644))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			assert.Equal(t, string(want), found)
		})
	}
}

// modelText returns everything in a model as text.
func modelText(p *model.Package) string {
	var b strings.Builder
	typ := report.New(nil, p.Types).TypeString
	output := func(t types.Type) string {
		if t == nil {
			return "nothing"
		}
		return typ(t)
	}
	fmt.Fprintf(&b, "package %s, prefix %s", p.Name, p.Prefix)
	if p.App != nil {
		fmt.Fprintf(&b, ", application %s", typ(p.App))
	}
	b.WriteString("\n")
	for _, a := range p.Actions {
		fmt.Fprintf(&b, "\naction %s, label %q, gives %s\n", a.Name, a.Label, output(a.Output))
		for _, in := range a.Inputs {
			fmt.Fprintf(&b, "\tinput %s %s\n", in.Name, typ(in.Type))
		}
		funcText(&b, "do", a.Do)
		funcText(&b, "undo", a.Undo)
	}
	for _, s := range p.Sagas {
		fmt.Fprintf(&b, "\nsaga %s, parameters %s, gives %s\n", s.Name, s.Params.Name(), output(s.Output))
		for _, stage := range s.Stages {
			b.WriteString("\tstage")
			for _, n := range stage {
				b.WriteString(" " + n.Name)
			}
			b.WriteString("\n")
		}
		for _, n := range s.Nodes {
			fmt.Fprintf(&b, "\tnode %s gives %s", n.Name, output(n.Output))
			for i, a := range n.After {
				b.WriteString([]string{", after ", " "}[min(i, 1)] + a.Name)
			}
			b.WriteString("\n")
			switch n.Kind {
			case model.NodeAction:
				fmt.Fprintf(&b, "\t\truns action %s %s\n", n.Action.PackageName, n.Action.Name)
			case model.NodeConstant:
				fmt.Fprintf(&b, "\t\tis %s\n", types.ObjectString(n.Constant, types.RelativeTo(p.Types)))
			case model.NodeSubsaga:
				fmt.Fprintf(&b, "\t\truns saga %s %s with %s\n", n.Subsaga.PackageName, n.Subsaga.Name, n.ParamsFrom.Name)
			}
			for _, in := range n.Bindings {
				from := "the parameters"
				if in.From != nil {
					from = "node " + in.From.Name
				}
				fmt.Fprintf(&b, "\t\t%s is from %s\n", in.Input.Name, from)
			}
		}
	}
	return b.String()
}

func funcText(b *strings.Builder, verb string, f *model.Func) {
	if f == nil {
		return
	}
	fmt.Fprintf(b, "\t%s %s(", verb, f.Name)
	for i, arg := range f.Args {
		if i > 0 {
			b.WriteString(", ")
		}
		switch arg.Kind {
		case model.ArgContext:
			b.WriteString("context")
		case model.ArgActionContext:
			b.WriteString("action context")
		case model.ArgApp:
			b.WriteString("application")
		case model.ArgInput:
			b.WriteString("input " + arg.Input.Name)
		case model.ArgOutput:
			b.WriteString("output")
		case model.ArgOutputPointer:
			b.WriteString("output pointer")
		}
	}
	b.WriteString(")")
	if p := f.Policy; p.Timeout != nil {
		fmt.Fprintf(b, " timeout %v", *p.Timeout)
	}
	if p := f.Policy; p.Attempts != nil {
		fmt.Fprintf(b, " attempts %d", *p.Attempts)
	}
	if p := f.Policy; p.Backoff != nil {
		fmt.Fprintf(b, " backoff %v", *p.Backoff)
	}
	if p := f.Policy; p.Limit != nil {
		fmt.Fprintf(b, " limit %d", *p.Limit)
	}
	b.WriteString("\n")
}
