package gen

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/scanner"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// checkFiles reports what is wrong with the files of a package as such. It returns false if what is
// in them can't be known for that reason.
func (l *loaded) checkFiles(r *reporter) (readable bool, err error) {
	for _, e := range l.typeErrors {
		if strings.HasPrefix(e.Msg, "package requires newer Go version") {
			return false, fmt.Errorf("%s: %s; install sagagen with that version of Go", l.path, e.Msg)
		}
	}
	for _, test := range l.testFiles {
		r.testFile(test)
	}
	return !l.unreadable(r) && !l.mixed(r), nil
}

// mixed reports the hand-written files whose package clause isn't that of the rest.
func (l *loaded) mixed(r *reporter) bool {
	count := map[string]int{}
	var usual *ast.File // one of those of which there are most
	for _, f := range l.handwritten {
		count[f.Name.Name]++
	}
	for _, f := range l.handwritten {
		if usual == nil || count[f.Name.Name] > count[usual.Name.Name] {
			usual = f
		}
	}
	for _, f := range l.handwritten {
		if f.Name.Name != usual.Name.Name {
			r.report(CodeMixedPackages, f.Name.Pos(), "this file is of package %s, but %s is of package %s, and the files of a folder are of one; change the clause, or move the file",
				f.Name.Name, filepath.Base(r.fset.File(usual.FileStart).Name()), usual.Name.Name)
		}
	}
	return len(count) > 1
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
		if line, offset := conflict(name); line > 0 {
			d.Pos.Offset, d.Pos.Line, d.Pos.Column = offset, line, 1
			d.Message = "the file has the marks of a merge conflict; resolve it"
		}
		r.diagnostics = append(r.diagnostics, d)
	}
	return len(l.parseErrors) > 0
}

// conflictMark begins what a merge leaves of one side where it can't join both.
const conflictMark = "<<<<<<< "

// conflict returns where a file has its first mark of a merge conflict; line 0 if there is none.
func conflict(name string) (line, offset int) {
	src, err := os.ReadFile(name)
	if err != nil {
		return 0, 0
	}
	for text := range bytes.Lines(src) {
		line++
		if bytes.HasPrefix(text, []byte(conflictMark)) {
			return line, offset
		}
		offset += len(text)
	}
	return 0, 0
}
