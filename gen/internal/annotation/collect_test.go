package annotation

import (
	"go/ast"
	"go/parser"
	"go/token"
	"testing"

	"github.com/sagagen/sagagen/gen/diag"
	"github.com/sagagen/sagagen/gen/internal/report"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCollectFindsAnnotatedDeclarations(t *testing.T) {
	source, diagnostics := collect(t, `package order

//saga:dag order
//saga:append pack
//saga:node ship after=pack
type Order struct{ Item string }

type (
	// Return sends a parcel back.
	//
	//saga:dag return
	//saga:append pack
	Return struct{ Item string }
)

//saga:do pack timeout=10s
func (s *Store) pack(order Order) error { return nil }

//saga:undo pack
func (s *Store) unpack() error { return nil }

func other() {}
`)
	assert.Empty(t, diagnostics)
	assert.Empty(t, source.Dropped)
	assert.False(t, source.Empty())

	require.Len(t, source.Funcs, 2)
	do, undo := source.Funcs[0], source.Funcs[1]
	assert.Equal(t, []string{"do", "pack", "pack"}, []string{do.Verb, do.Names[0].Name, do.Decl.Name.Name})
	assert.Equal(t, []string{"undo", "pack", "unpack"}, []string{undo.Verb, undo.Names[0].Name, undo.Decl.Name.Name})
	assert.Equal(t, "Store", ReceiverName(do.Decl))
	assert.NotNil(t, do.Policy.Timeout)

	require.Len(t, source.Types, 2)
	order, back := source.Types[0], source.Types[1]
	assert.Equal(t, "order", order.Dag.Names[0].Name)
	assert.Equal(t, "Order", order.Spec.Name.Name)
	require.Len(t, order.Directives, 2)
	assert.Equal(t, "append", order.Directives[0].Verb)
	assert.Equal(t, "pack", order.Directives[1].After[0].Name)
	assert.False(t, order.Incomplete)
	assert.Equal(t, "return", back.Dag.Names[0].Name)
}

func TestCollectDropsDirectivesThatItReports(t *testing.T) {
	source, diagnostics := collect(t, `package order

//saga:dag order
//saga:do pack noundo
//saga:append pack
type Order struct{ Item string }

// saga:do pack noundo
func pack(order Order) error { return nil }

//saga:append ship
func ship() error { return nil }
`)
	want := []diag.Code{diag.CodeWrongDeclaration, diag.CodeNearMiss, diag.CodeWrongDeclaration}
	assert.Equal(t, want, codes(diagnostics))
	require.Len(t, source.Types, 1)
	require.Len(t, source.Types[0].Directives, 1, "without the do directive")
	require.Len(t, source.Funcs, 1, "a near miss counts as the directive that is meant")
	assert.Equal(t, "pack", source.Funcs[0].Names[0].Name)

	assert.Len(t, source.Dropped, 2)
	assert.True(t, source.HasDropped("do", "pack"))
	assert.True(t, source.HasDropped("append", ""))
	assert.False(t, source.HasDropped("do", "ship"))
	assert.True(t, source.HasDroppedNodes())
}

func TestCollectReportsMisplacedDirectives(t *testing.T) {
	for name, test := range map[string]struct {
		source string
		code   diag.Code
		line   int
	}{
		"on the package clause": {"//saga:dag order\npackage order\n", diag.CodeWrongDeclaration, 1},
		"on a variable": {
			"package order\n\n//saga:do pack noundo\nvar pack int\n", diag.CodeWrongDeclaration, 3,
		},
		"on a field": {
			"package order\n\ntype Order struct {\n\t//saga:append pack\n\tItem string\n}\n",
			diag.CodeWrongDeclaration, 4,
		},
		"on a group of types": {
			"package order\n\n//saga:dag order\ntype (\n\tOrder struct{}\n)\n", diag.CodeTypeGroup, 3,
		},
		"in a function body": {
			"package order\n\nfunc pack() {\n\t//saga:do pack noundo\n}\n", diag.CodeDetached, 4,
		},
		"above a blank line": {
			"package order\n\n//saga:do pack noundo\n\nfunc pack() error { return nil }\n", diag.CodeDetached, 3,
		},
		"at the end of the file": {"package order\n\n//saga:do pack noundo\n", diag.CodeDetached, 3},
	} {
		t.Run(name, func(t *testing.T) {
			source, diagnostics := collect(t, test.source)
			require.Len(t, diagnostics, 1)
			assert.Equal(t, test.code, diagnostics[0].Code, diagnostics[0].Message)
			assert.Equal(t, test.line, diagnostics[0].Pos.Line)
			assert.True(t, source.Empty())
			assert.Len(t, source.Dropped, 1)
		})
	}
}

func collect(t *testing.T, content string) (*Source, []diag.Diagnostic) {
	t.Helper()
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "/src/order/order.go", content, parser.ParseComments|parser.SkipObjectResolution)
	require.NoError(t, err)
	r := report.New(fset, nil)
	source := Collect(r, []*ast.File{f})
	return source, report.Collected(r)
}

func codes(diagnostics []diag.Diagnostic) []diag.Code {
	var list []diag.Code
	for _, d := range diagnostics {
		list = append(list, d.Code)
	}
	return list
}
