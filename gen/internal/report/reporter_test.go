package report_test

import (
	"go/token"
	"go/types"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sagagen/sagagen/gen/diag"
	"github.com/sagagen/sagagen/gen/internal/report"
)

// file returns a file set with a file of three lines, of 10 bytes each, and the
// position of its first byte.
func file(name string) (*token.FileSet, token.Pos) {
	fset := token.NewFileSet()
	f := fset.AddFile(name, -1, 30)
	f.SetLines([]int{0, 10, 20})
	return fset, f.Pos(0)
}

func TestCollectedSortsAndDropsDuplicates(t *testing.T) {
	fset, start := file("a.go")
	r := report.New(fset, nil)
	r.Report("SG002", start+21, "third")
	r.Report("SG002", start+1, "second")
	r.Report("SG001", start+1, "first")
	r.Report("SG002", start+21, "third")
	var got []string
	for _, d := range report.Collected(r) {
		got = append(got, d.String())
	}
	assert.Equal(t, []string{"a.go:1:2: first [SG001]", "a.go:1:2: second [SG002]", "a.go:3:2: third [SG002]"}, got)
}

func TestFixesAreEditsOfTheFile(t *testing.T) {
	fset, start := file("a.go")
	r := report.New(fset, nil)
	d := r.Report("SG001", start, "x")
	d.Replace(start+3, "old", "new")
	d.InsertAfter("Add f", start+12, "func f() {}")
	d.InsertAfter("Add g", start+25, "func g() {}")
	assert.Equal(t, []diag.Fix{
		{Message: "Write new", Edits: []diag.Edit{{Filename: "a.go", Start: 3, End: 6, New: "new"}}},
		{Message: "Add f", Edits: []diag.Edit{{Filename: "a.go", Start: 19, End: 19, New: "\n\nfunc f() {}"}}},
		{Message: "Add g", Edits: []diag.Edit{{Filename: "a.go", Start: 25, End: 25, New: "\n\nfunc g() {}"}}},
	}, d.Fixes)
}

func TestDerivedFileGetsNoFix(t *testing.T) {
	fset, start := file("derived.go")
	fset.File(start).AddLineInfo(0, "source.go", 7)
	r := report.New(fset, nil)
	d := r.Report("SG001", start, "x")
	d.Replace(start, "old", "new")
	assert.Empty(t, d.Fixes)
	assert.Equal(t, "source.go:7:1", d.Pos.String())

	r.Raw = true
	assert.Equal(t, "derived.go:1:1", r.Report("SG001", start, "x").Pos.String())
}

func TestTypesOfOneNameAreToldApart(t *testing.T) {
	named := func(path string) types.Type {
		pkg := types.NewPackage(path, "shop")
		return types.NewNamed(types.NewTypeName(token.NoPos, pkg, "Order", nil), types.NewStruct(nil, nil), nil)
	}
	r := report.New(nil, nil)
	a, b := r.TypeStrings(named("example.com/a/shop"), named("example.com/b/shop"))
	assert.Equal(t, "example.com/a/shop.Order", a)
	assert.Equal(t, "example.com/b/shop.Order", b)
	assert.Equal(t, "shop.Order", r.TypeString(named("example.com/a/shop")))
}
