// Package load finds the packages that have directives, and reads their files
// and types. [Load] takes patterns of the go command and returns the matching
// packages, with a [Universe] of everything that they import. [Pass.Load] takes
// a package that another program, such as go vet, has read already.
//
// Package load relies on go/packages, and so on the go command, for listing
// packages and for the types of their imports. It parses a generated file as if
// it were empty, since the file is about to be replaced: whatever it contains,
// the types are those of the hand-written files. Syntax errors and type errors
// are not errors of this package. They are in the [Package], for package check
// to report.
package load

import (
	"context"
	"go/token"

	"golang.org/x/tools/go/packages"
)

// The stages of a run that this package times.
const (
	// stageSearch lists the packages and looks for directives in their files.
	// It is skipped if most packages seem to have directives.
	stageSearch = "search"
	// stageLoad reads packages with their types. It runs a second time if the
	// package clause of a generated file was wrong.
	stageLoad = "load"
)

// Load reads the packages that match the patterns and have directives, or files
// that sagagen has generated. They are sorted by import path. It returns nil if
// there are none. The error is about what prevents reading at all, such as a
// pattern that matches nothing.
//
// Nearly all of the time of a run is spent in the go command, most of it on
// types. So Load lists the packages first, and then reads only those with
// directives. If most packages seem to have directives, a single call of the go
// command that reads all packages is faster.
func Load(ctx context.Context, opts Options) (*Universe, []*Package, error) {
	if !opts.mostHaveDirectives() {
		candidates, err := search(ctx, opts)
		if err != nil || len(candidates) == 0 {
			return nil, nil, err
		}
		return loadCandidates(ctx, opts, candidates)
	}
	universe, pkgs, candidates, err := loadAll(ctx, opts)
	if err != nil || pkgs != nil || len(candidates) == 0 {
		return universe, pkgs, err
	}
	return loadCandidates(ctx, opts, candidates)
}

// loadAll reads all packages that match the patterns, without listing them
// first. If it assumed a wrong package name for a generated file, it returns
// candidates but no packages, and the candidates have to be read again.
func loadAll(ctx context.Context, opts Options) (*Universe, []*Package, []Candidate, error) {
	defer opts.Clock(stageLoad, "")()
	files := newFileParser(nil)
	fset, pkgs, err := loadTypes(ctx, opts, files, opts.patterns())
	if err != nil {
		return nil, nil, nil, err
	}
	candidates, err := opts.candidates(pkgs)
	if err != nil || len(candidates) == 0 || !files.namesConfirmed(candidates) {
		return nil, nil, candidates, err
	}
	universe, joined, err := files.join(fset, pkgs, candidates)
	return universe, joined, candidates, err
}

// loadCandidates reads the candidates with their types.
func loadCandidates(ctx context.Context, opts Options, candidates []Candidate) (*Universe, []*Package, error) {
	defer opts.Clock(stageLoad, "")()
	files := newFileParser(candidates)
	fset, pkgs, err := loadTypes(ctx, opts, files, loadPatterns(opts, candidates))
	if err != nil {
		return nil, nil, err
	}
	return files.join(fset, pkgs, candidates)
}

// loadTypes reads packages with their types. The types of their imports come
// from export data, which takes a fraction of the time of reading sources.
func loadTypes(
	ctx context.Context, opts Options, files *fileParser, patterns []string,
) (*token.FileSet, []*packages.Package, error) {
	config := opts.config(ctx)
	config.Mode = packages.NeedName | packages.NeedModule | packages.NeedFiles | packages.NeedCompiledGoFiles |
		packages.NeedImports | packages.NeedSyntax | packages.NeedTypes | packages.NeedTypesInfo |
		packages.NeedTypesSizes
	config.Fset = token.NewFileSet()
	config.ParseFile = files.parse
	pkgs, err := loadPackages(config, patterns)
	return config.Fset, pkgs, err
}

// loadPatterns returns the import paths of the candidates. If the patterns name
// files, it returns the patterns, as such a package has no import path.
func loadPatterns(opts Options, candidates []Candidate) []string {
	var paths []string
	for _, c := range candidates {
		if c.Path == commandLinePath {
			return opts.patterns()
		}
		paths = append(paths, c.Path)
	}
	return paths
}
