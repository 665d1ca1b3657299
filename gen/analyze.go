package gen

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"go/scanner"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Analyze reads the packages that match the patterns and returns the models of those that
// have directives and no mistakes, sorted by import path. The diagnostics are all that is
// wrong in all packages, sorted. The error is for what isn't the sources' fault.
func Analyze(ctx context.Context, opts Options) ([]*Package, []Diagnostic, error) {
	candidates, err := search(ctx, opts)
	if err != nil || len(candidates) == 0 {
		return nil, nil, cmp.Or(ctx.Err(), err)
	}
	fset, roots, err := load(ctx, opts, candidates)
	if err != nil {
		return nil, nil, cmp.Or(ctx.Err(), err)
	}
	u := newUniverse(fset, roots)
	var models []*Package
	var diagnostics []Diagnostic
	for _, root := range roots {
		model, found, err := analyzePackage(u, root)
		if err != nil {
			return nil, nil, err
		}
		for _, d := range found {
			diagnostics = append(diagnostics, *d)
		}
		if model != nil {
			models = append(models, model)
		}
	}
	return models, sortDiagnostics(diagnostics), nil
}

// analyzePackage returns the model of a package; nil if there are diagnostics, or no directives.
func analyzePackage(u *universe, l *loaded) (*Package, []*Diagnostic, error) {
	r := newReporter(u.fset, l.Types)
	for _, e := range l.TypeErrors {
		if strings.HasPrefix(e.Msg, "package requires newer Go version") {
			return nil, nil, fmt.Errorf("%s: %s; install sagagen with that version of Go", l.PkgPath, e.Msg)
		}
	}
	for _, test := range l.tests {
		if err := r.testFile(test); err != nil {
			return nil, nil, err
		}
	}
	if l.unreadable(r) {
		return nil, r.diagnostics, nil // what is missing can't be told
	}
	s := parseSource(r, l.handwritten)
	if len(s.funcs) == 0 && len(s.types) == 0 {
		return nil, r.diagnostics, nil
	}
	m := newModeler(r, s, u)
	m.info, m.errors = l.TypesInfo, l.TypeErrors
	m.model()
	p := m.result(prefixOf(l.Name, l.dir))
	p.Dir = l.dir
	m.checkNames(p)
	l.checkOutput(r, p)
	if len(r.diagnostics) > 0 || m.withheld {
		return nil, r.diagnostics, nil
	}
	return p, nil, nil
}

// unreadable reports the hand-written files that can't be parsed, each by its first error.
func (l *loaded) unreadable(r *reporter) bool {
	for _, name := range slices.Sorted(maps.Keys(l.parseErrors)) {
		d := &Diagnostic{Code: CodeUnreadableFile, Pos: token.Position{Filename: name, Line: 1, Column: 1}}
		message := l.parseErrors[name].Error()
		var list scanner.ErrorList
		if errors.As(l.parseErrors[name], &list) {
			d.Pos, message = list[0].Pos, list[0].Msg
		}
		d.Message = "the file can't be parsed: " + joinLines(message)
		r.diagnostics = append(r.diagnostics, d)
	}
	return len(l.parseErrors) > 0
}

// checkOutput reports a hand-written file where the generated one would be written.
func (l *loaded) checkOutput(r *reporter, p *Package) {
	for _, f := range l.handwritten {
		if name := r.fset.File(f.FileStart).Name(); filepath.Base(name) == p.Prefix+outputSuffix {
			r.report(CodeOutputNotGenerated, f.Package, "%s is where the generated code is written, but it doesn't begin with %q; rename the file", filepath.Base(name), outputHeader)
		}
	}
}

// prefixOf returns what the names of a package's actions and of its generated file begin with.
func prefixOf(name, dir string) string {
	if name != "main" {
		return name
	}
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	folder := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return '_'
	}, filepath.Base(dir))
	// The go command ignores files whose names begin with an underscore.
	folder = strings.TrimLeft(folder, "_")
	if first, _ := utf8.DecodeRuneInString(folder); !unicode.IsLetter(first) {
		return name + folder
	}
	return folder
}
