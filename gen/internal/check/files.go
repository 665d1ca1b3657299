package check

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

	"github.com/sagagen/sagagen/gen/diag"
	"github.com/sagagen/sagagen/gen/internal/annotation"
	"github.com/sagagen/sagagen/gen/internal/load"
	"github.com/sagagen/sagagen/gen/internal/model"
	"github.com/sagagen/sagagen/gen/internal/naming"
	"github.com/sagagen/sagagen/gen/internal/report"
)

// Files reports mistakes in the files of a package, apart from their
// declarations: files that can't be parsed, files with different package names,
// and directives in test files. It returns false if the package can't be
// checked because of them. It returns an error if sagagen was built with an
// older version of Go than the package requires.
func Files(r *report.Reporter, pkg *load.Package) (readable bool, err error) {
	for _, e := range pkg.TypeErrors {
		if strings.HasPrefix(e.Msg, "package requires newer Go version") {
			return false, fmt.Errorf("%s: %s; install sagagen with that version of Go", pkg.Path, e.Msg)
		}
	}
	for _, test := range pkg.TestFiles {
		annotation.ReportTestFile(r, test)
	}
	return !unreadableFiles(r, pkg) && !mixedPackages(r, pkg), nil
}

// mixedPackages reports the hand-written files whose package name differs from
// that of most files. It returns true if there are such files.
func mixedPackages(r *report.Reporter, pkg *load.Package) bool {
	count := map[string]int{}
	var majority *ast.File // the first file with the most frequent name
	for _, f := range pkg.Handwritten {
		count[f.Name.Name]++
	}
	for _, f := range pkg.Handwritten {
		if majority == nil || count[f.Name.Name] > count[majority.Name.Name] {
			majority = f
		}
	}
	for _, f := range pkg.Handwritten {
		if f.Name.Name != majority.Name.Name {
			r.Report(diag.CodeMixedPackages, f.Name.Pos(),
				"this file declares package %s, but %s declares package %s; change the package clause, or move the file to another directory",
				f.Name.Name, filepath.Base(r.Fset.File(majority.FileStart).Name()), majority.Name.Name)
		}
	}
	return len(count) > 1
}

// unreadableFiles reports the hand-written files that can't be parsed, each
// with its first error. It returns true if there are such files.
func unreadableFiles(r *report.Reporter, pkg *load.Package) bool {
	for _, name := range slices.Sorted(maps.Keys(pkg.ParseErrors)) {
		d := &diag.Diagnostic{Code: diag.CodeUnreadableFile, Pos: token.Position{Filename: name, Line: 1, Column: 1}}
		message := pkg.ParseErrors[name].Error()
		var list scanner.ErrorList
		if errors.As(pkg.ParseErrors[name], &list) {
			d.Pos, message = list[0].Pos, list[0].Msg
		}
		d.Message = "the file can't be parsed: " + naming.JoinLines(message)
		if line, offset := findConflict(name); line > 0 {
			d.Pos.Offset, d.Pos.Line, d.Pos.Column = offset, line, 1
			d.Message = "the file contains merge conflict markers; resolve the conflict"
		}
		r.Diagnostics = append(r.Diagnostics, d)
	}
	return len(pkg.ParseErrors) > 0
}

// findConflict returns the position of the first merge conflict marker of a
// file. The line is 0 if there is none.
func findConflict(name string) (line, offset int) {
	src, err := os.ReadFile(name)
	if err != nil {
		return 0, 0
	}
	for text := range bytes.Lines(src) {
		line++
		if bytes.HasPrefix(text, []byte(model.ConflictMark)) {
			return line, offset
		}
		offset += len(text)
	}
	return 0, 0
}
