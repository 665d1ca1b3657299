package check

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"testing"

	"github.com/sagagen/sagagen/gen/diag"
	"github.com/sagagen/sagagen/gen/internal/annotation"
	"github.com/sagagen/sagagen/gen/internal/load"
	"github.com/sagagen/sagagen/gen/internal/model"
	"github.com/sagagen/sagagen/gen/internal/report"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const orderSource = `package order

// Order asks for a parcel.
//
//saga:dag order
//saga:append pack
//saga:append ship
type Order struct{ Item string }

type Parcel struct{ Weight int }

type Receipt struct{ Number string }

//saga:do pack
func Pack(order Order) (Parcel, error) { return Parcel{}, nil }

//saga:undo pack
func Unpack(parcel Parcel) error { return nil }

//saga:do ship noundo label="Ship the parcel"
func Ship(pack Parcel) (Receipt, error) { return Receipt{}, nil }
`

func TestValidSagaHasAModel(t *testing.T) {
	w := newWorkspace()
	p, diagnostics := w.check(t, "example.com/order", orderSource)
	require.Empty(t, diagnostics)
	require.NotNil(t, p)
	assert.Equal(t, "order", p.Prefix)
	assert.Nil(t, p.App)

	require.Len(t, p.Actions, 2)
	pack, ship := p.Actions[0], p.Actions[1]
	assert.Equal(t, []string{"pack", "ship"}, []string{pack.Name, ship.Name})
	assert.Equal(t, "Ship the parcel", ship.Label)
	assert.Equal(t, model.ArgOutput, pack.Undo.Args[0].Kind)
	assert.Nil(t, ship.Undo)

	require.Len(t, p.Sagas, 1)
	saga := p.Sagas[0]
	assert.Equal(t, "Order", saga.Params.Name())
	assert.Equal(t, "example.com/order.Receipt", saga.Output.String())
	require.Len(t, saga.Nodes, 2)
	first, last := saga.Nodes[0], saga.Nodes[1]
	assert.Equal(t, [][]*model.Node{{first}, {last}}, saga.Stages)
	assert.Equal(t, []*model.Node{first}, last.After)
	assert.Equal(t, []model.Binding{{Input: pack.Inputs[0]}}, first.Bindings, "from the saga's parameters")
	assert.Equal(t, []model.Binding{{Input: ship.Inputs[0], From: first}}, last.Bindings)
}

// In each source, several nodes or actions depend on the mistake.
func TestMistakeIsReportedOnce(t *testing.T) {
	const saga = "package order\n\n//saga:dag order\n//saga:append pack\n//saga:append weigh label\n" +
		"//saga:append ship\ntype Order struct{ Item string }\n"
	const consumers = `
//saga:do weigh noundo
func weigh(pack Parcel) error { return nil }

//saga:do label noundo
func label(pack Parcel) error { return nil }

//saga:do ship noundo
func ship(pack Parcel) error { return nil }
`
	const parcel = "\ntype Parcel struct{ Weight int }\n"
	const pack = "\n//saga:do pack noundo\nfunc pack(order Order) (Parcel, error) { return Parcel{}, nil }\n"
	for name, test := range map[string]struct {
		source string
		code   diag.Code
	}{
		"an action that doesn't exist": {
			saga + parcel + consumers, diag.CodeUnknownAction,
		},
		"an output that can't be stored": {
			saga + "\ntype Parcel struct{ Done chan int }\n" + pack + consumers, diag.CodeNotJSON,
		},
		"a type that doesn't compile": {
			saga + "\ntype Parcel struct{ Weight Grams }\n" + pack + consumers, diag.CodeBrokenDeclaration,
		},
		"a do function without an error result": {
			saga + parcel + "\n//saga:do pack noundo\nfunc pack(order Order) (p Parcel) { return }\n" + consumers,
			diag.CodeResults,
		},
		"an input that no node of the action can bind": {
			"package order\n\n//saga:dag order\n//saga:append first=pack second=pack\n//saga:append third=pack\n" +
				"type Order struct{ Item string }\n" +
				"\n//saga:do pack noundo\nfunc pack(weight int) error { return nil }\n",
			diag.CodeNoSource,
		},
		"a cycle": {
			"package order\n\n//saga:dag order\n//saga:node pack after=ship\n//saga:node ship after=pack\n" +
				"type Order struct{ Item string }\n" + parcel + pack +
				"\n//saga:do ship noundo\nfunc ship(pack Parcel) error { return nil }\n",
			diag.CodeCycle,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorkspace()
			p, diagnostics := w.check(t, "example.com/order", test.source)
			assert.Nil(t, p)
			require.Len(t, diagnostics, 1)
			assert.Equal(t, test.code, diagnostics[0].Code, diagnostics[0].Message)
		})
	}
}

func TestMistakeInAnImportedPackage(t *testing.T) {
	// A do function must return an error.
	const broken = "package parcel\n\n//saga:do pack noundo\nfunc Pack(item string) int { return 0 }\n"
	const source = `package order

import _ "example.com/parcel"

//saga:dag order
//saga:append pack=parcel.pack
type Order struct{ Item string }
`
	t.Run("is left to the package if the run checks it", func(t *testing.T) {
		w := newWorkspace()
		w.add(t, "example.com/parcel", broken)
		w.universe.Checked["example.com/parcel"] = true
		p, diagnostics := w.check(t, "example.com/order", source)
		assert.Nil(t, p)
		assert.Empty(t, diagnostics)
	})
	t.Run("is reported at its use otherwise", func(t *testing.T) {
		w := newWorkspace()
		w.add(t, "example.com/parcel", broken)
		p, diagnostics := w.check(t, "example.com/order", source)
		assert.Nil(t, p)
		require.Len(t, diagnostics, 1)
		assert.Equal(t, diag.CodeBrokenImport, diagnostics[0].Code)
		assert.Equal(t, 6, diagnostics[0].Pos.Line)
	})
}

// workspace is a universe of packages of one file each, in memory.
type workspace struct {
	universe *load.Universe
	run      *Run
}

func newWorkspace() *workspace {
	universe := load.NewUniverse(token.NewFileSet(), nil, nil)
	return &workspace{universe, NewRun(universe)}
}

// Import implements types.Importer.
func (w *workspace) Import(path string) (*types.Package, error) {
	if p := w.universe.ByPath[path]; p != nil {
		return p.Types, nil
	}
	return nil, errors.New("no such package")
}

// add adds a package that others can import.
func (w *workspace) add(t *testing.T, path, source string) {
	t.Helper()
	pkg := w.load(t, path, source)
	w.universe.ByPath[path] = &load.Dependency{
		Types:   pkg.Types,
		Sources: func(*token.FileSet) []*ast.File { return pkg.Handwritten },
	}
}

// check checks a package.
func (w *workspace) check(t *testing.T, path, source string) (*model.Package, []diag.Diagnostic) {
	t.Helper()
	pkg := w.load(t, path, source)
	r := report.New(w.universe.Fset, pkg.Types)
	readable, err := Files(r, pkg)
	require.NoError(t, err)
	require.True(t, readable)
	p := w.run.Check(r, pkg, annotation.Collect(r, pkg.Handwritten))
	return p, report.Collected(r)
}

func (w *workspace) load(t *testing.T, path, source string) *load.Package {
	t.Helper()
	fset := w.universe.Fset
	const mode = parser.ParseComments | parser.SkipObjectResolution
	file, err := parser.ParseFile(fset, "/src/"+path+"/file.go", source, mode)
	require.NoError(t, err)
	pkg := &load.Package{
		Candidate:   load.Candidate{Dir: "/src/" + path, Path: path, Name: file.Name.Name},
		Handwritten: []*ast.File{file},
		Info:        &types.Info{Defs: map[*ast.Ident]types.Object{}},
	}
	config := types.Config{
		Importer: w,
		Error:    func(err error) { pkg.TypeErrors = append(pkg.TypeErrors, err.(types.Error)) },
	}
	pkg.Types, _ = config.Check(path, fset, pkg.Handwritten, pkg.Info)
	return pkg
}
