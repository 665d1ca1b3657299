package load

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"sort"

	"golang.org/x/tools/go/packages"
)

// Package is a candidate with its syntax and its types. The types are those of
// the hand-written files alone: names that only the generated file declares are
// type errors.
type Package struct {
	Candidate
	Types *types.Package
	Info  *types.Info
	// TypeErrors are the type checker's errors in the hand-written files.
	TypeErrors []types.Error
	// Handwritten are the parsed files that sagagen has not generated.
	Handwritten []*ast.File
	// TestFiles are the parsed test files that seem to have directives.
	TestFiles []*ast.File
	// ParseErrors are the syntax errors in the hand-written files, by file
	// name.
	ParseErrors map[string]error
}

// join returns the candidates with the syntax and the types in pkgs, sorted by
// import path. Packages that are not candidates only become part of the
// universe.
func (p *fileParser) join(
	fset *token.FileSet, pkgs []*packages.Package, candidates []Candidate,
) (*Universe, []*Package, error) {
	byPath := map[string]Candidate{}
	for _, c := range candidates {
		byPath[c.Path] = c
	}
	var list []*Package
	for _, pkg := range pkgs {
		c, ok := byPath[pkg.PkgPath]
		if !ok {
			continue
		}
		joined := &Package{
			Candidate: c, Types: pkg.Types, Info: pkg.TypesInfo, TypeErrors: pkg.TypeErrors,
			ParseErrors: map[string]error{},
		}
		joined.Types.SetName(c.Name)
		for _, f := range pkg.Syntax {
			if p.renamed[f] {
				f.Name.Name = c.Name
			}
			if !p.generated[f] {
				joined.Handwritten = append(joined.Handwritten, f)
			}
		}
		for _, name := range pkg.CompiledGoFiles {
			if err := p.errors[name]; err != nil {
				joined.ParseErrors[name] = err
			}
		}
		for _, name := range c.testFileNames {
			// Syntax errors in a test file are not reported.
			f, err := parser.ParseFile(fset, name, nil, parser.ParseComments|parser.SkipObjectResolution)
			if f == nil {
				return nil, nil, err
			}
			joined.TestFiles = append(joined.TestFiles, f)
		}
		list = append(list, joined)
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Path < list[j].Path })
	return NewUniverse(fset, pkgs, list), list, nil
}
