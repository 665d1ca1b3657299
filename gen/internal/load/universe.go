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

// Universe has all packages of a run: those that it checks, and those that they
// import, directly or indirectly.
type Universe struct {
	// Fset resolves the positions in all of them.
	Fset *token.FileSet
	// ByPath has the packages by import path.
	ByPath map[string]*Dependency
	// Checked has the import paths of the packages whose mistakes are reported
	// in this run.
	Checked map[string]bool
}

// Dependency is a package that others may import.
type Dependency struct {
	Types *types.Package
	// LoadError is the message of the go command if the package can't be
	// loaded; empty if there is none.
	LoadError string
	// Sources parses the hand-written files, or at least what they contain of
	// directives and annotated declarations.
	Sources func(*token.FileSet) []*ast.File
}

// NewUniverse returns the universe of pkgs and of all packages that they
// import. checked are the packages whose mistakes are reported in this run.
func NewUniverse(fset *token.FileSet, pkgs []*packages.Package, checked []*Package) *Universe {
	u := &Universe{Fset: fset, ByPath: map[string]*Dependency{}, Checked: map[string]bool{}}
	var add func(p *packages.Package)
	add = func(p *packages.Package) {
		if u.ByPath[p.PkgPath] != nil {
			return
		}
		d := &Dependency{
			Types:   p.Types,
			Sources: func(fset *token.FileSet) []*ast.File { return parseSources(fset, p.GoFiles) },
		}
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
	for _, p := range checked {
		u.Checked[p.Path] = true
	}
	return u
}

// parseSources parses the hand-written files among the named ones. It skips
// files that can't be read or parsed at all.
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
