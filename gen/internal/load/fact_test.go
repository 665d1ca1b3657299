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

func TestFactHasTheDirectivesOfThePackage(t *testing.T) {
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
		const mode = parser.ParseComments | parser.SkipObjectResolution
		f, err := parser.ParseFile(fset, "/src/order/order.go", content, mode)
		require.NoError(t, err)
		fact, first := factOf(fset, []*ast.File{f})
		assert.True(t, first.IsValid())
		parsed := parseFact(fset, fact)
		require.Len(t, parsed, 1, "%s", fact)
		assert.Equal(t, contents(fset, f), contents(fset, parsed[0]), "%s", fact)
		assert.Less(t, len(fact), len(content)+len("-- order.go --\n"))
	}
}

// contents returns the directives and imports of a file, without positions.
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
		kind := ""
		if typ.Spec.TypeParams != nil {
			kind += " is generic"
		}
		if typ.Spec.Assign.IsValid() {
			kind += " is an alias"
		}
		all[typ.Spec.Name.Name+kind]++
	}
	for _, d := range s.Dropped {
		name := ""
		if len(d.Names) > 0 {
			name = d.Names[0].Name
		}
		all["dropped "+d.Verb+" "+name]++
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
