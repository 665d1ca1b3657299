package load

import (
	"go/ast"
	"go/parser"
	"go/token"
	"testing"

	"github.com/sagagen/sagagen/gen/internal/annotation"
	"github.com/sagagen/sagagen/gen/internal/report"
	"github.com/sagagen/sagagen/gen/internal/testmodule"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFactSaysWhatThePackageSays(t *testing.T) {
	for _, content := range []string{testmodule.OrderSource, `//saga:do before noundo
package order

import (
	"context"
	other "example.com/shop/order"
	_ "embed"
)

type (
	//saga:dag alias
	//saga:append a
	Alias = int
	Plain struct{}
	// saga:dag generic
	Generic[T any, U context.Context] struct{ T T }
)

//saga:dag group
type (
	Group struct{}
)

//saga:undo a timeout=1s // with a remark
func (p *Plain) Undo(ctx context.Context) error {
	//saga:do inside noundo
	return nil
}

//saga:do a
func (*Generic[T, _]) Do() {}

//saga:do detached

func last() {}
`} {
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, "/src/order/order.go", content, parser.ParseComments|parser.SkipObjectResolution)
		require.NoError(t, err)
		fact, first := factOf(fset, []*ast.File{f})
		assert.True(t, first.IsValid())
		again := parseFact(fset, fact)
		require.Len(t, again, 1, "%s", fact)
		assert.Equal(t, contents(fset, f), contents(fset, again[0]), "%s", fact)
		assert.Less(t, len(fact), len(content)+len("-- order.go --\n"))
	}
}

// said is what a file's comments say, without where.
func contents(fset *token.FileSet, f *ast.File) map[string]int {
	all := map[string]int{}
	s := annotation.Collect(report.New(fset, nil), []*ast.File{f})
	for _, fn := range s.Funcs {
		all[fn.Verb+" "+fn.Names[0].Name+" on "+annotation.ReceiverName(fn.Decl)+"."+fn.Decl.Name.Name]++
	}
	for _, typ := range s.Types {
		for _, d := range append(typ.Directives, typ.Dag) {
			all[d.Verb+" "+d.Names[0].Name+" on "+typ.Spec.Name.Name]++
		}
		all[typ.Spec.Name.Name+map[bool]string{true: " is generic"}[typ.Spec.TypeParams != nil]+map[bool]string{true: " is an alias"}[typ.Spec.Assign.IsValid()]]++
	}
	for _, d := range s.Dropped {
		name := ""
		if len(d.Names) > 0 {
			name = d.Names[0].Name
		}
		all["lost "+d.Verb+" "+name]++
	}
	for _, spec := range f.Imports {
		name := ""
		if spec.Name != nil {
			name = spec.Name.Name
		}
		all["import "+name+" "+spec.Path.Value]++
	}
	return all
}
