package load

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"

	"github.com/sagagen/sagagen/gen/internal/model"
	"golang.org/x/tools/go/packages"
)

// Universe is all packages of a run: those that were asked for, and those that they import.
type Universe struct {
	Fset   *token.FileSet
	ByPath map[string]*Dependency
	// Asked are the packages whose mistakes are reported in this run.
	Checked map[string]bool
}

// dependency is a package that others import.
type Dependency struct {
	Types *types.Package
	// Trouble is why it can't be read, in the words of the go command; empty if it has none for that.
	LoadError string
	// Sources returns its files, as far as they have directives.
	Sources func(*token.FileSet) []*ast.File
}

func NewUniverse(fset *token.FileSet, pkgs []*packages.Package, roots []*Package) *Universe {
	u := &Universe{Fset: fset, ByPath: map[string]*Dependency{}, Checked: map[string]bool{}}
	var add func(p *packages.Package)
	add = func(p *packages.Package) {
		if u.ByPath[p.PkgPath] != nil {
			return
		}
		d := &Dependency{Types: p.Types, Sources: func(fset *token.FileSet) []*ast.File { return parseSources(fset, p.GoFiles) }}
		if len(p.Errors) > 0 {
			d.LoadError = p.Errors[0].Msg
		}
		u.ByPath[p.PkgPath] = d
		for _, imported := range p.Imports {
			add(imported)
		}
	}
	for _, p := range pkgs {
		add(p)
	}
	for _, r := range roots {
		u.Checked[r.Path] = true
	}
	return u
}

// parseSources parses the hand-written ones among the files of an imported package.
func parseSources(fset *token.FileSet, names []string) []*ast.File {
	var files []*ast.File
	for _, name := range names {
		src, err := os.ReadFile(name)
		if err != nil || model.IsGenerated(name, src) {
			continue
		}
		f, _ := parser.ParseFile(fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
		if f != nil {
			files = append(files, f)
		}
	}
	return files
}
