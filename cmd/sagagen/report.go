package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/sagagen/sagagen/gen"
	"github.com/sagagen/sagagen/gen/diag"
)

// reporter prints what needs to be fixed.
type reporter interface {
	// diagnostic reports a mistake in the sources.
	diagnostic(diag.Diagnostic)
	// outOfDate reports a generated file that is missing or out of date.
	outOfDate(gen.File)
}

// textReporter prints text: diffs on standard output, everything else on
// standard error.
type textReporter struct{ stdout, stderr io.Writer }

func (r textReporter) diagnostic(d diag.Diagnostic) { printDiagnostic(r.stderr, d) }

func (r textReporter) outOfDate(f gen.File) {
	name := filepath.ToSlash(relative(f.Path))
	fmt.Fprintf(r.stderr, "sagagen: %s: %s\n", name, outOfDateMessage(f))
	r.stdout.Write(f.Diff(name))
}

func outOfDateMessage(f gen.File) string {
	if f.Missing() {
		return "the generated file is missing; run sagagen"
	}
	return "the generated file is out of date; run sagagen"
}

// printDiagnostic writes a diagnostic with relative paths, which terminals and
// editors turn into links.
func printDiagnostic(w io.Writer, d diag.Diagnostic) {
	d.Pos.Filename = relative(d.Pos.Filename)
	fmt.Fprintln(w, d)
	for _, r := range d.Related {
		r.Pos.Filename = relative(r.Pos.Filename)
		fmt.Fprintf(w, "\t%s: %s\n", r.Pos, r.Message)
	}
}

// relative returns the relative path of a file below the current directory, and
// other paths unchanged.
func relative(path string) string {
	current, err := os.Getwd()
	if err != nil {
		return path
	}
	short, err := filepath.Rel(current, path)
	if err != nil || !filepath.IsLocal(short) {
		return path
	}
	return short
}

// jsonReporter prints a JSON object per line.
type jsonReporter struct{ stdout io.Writer }

// finding is the object that jsonReporter prints. The names of its fields are
// stable. All fields except diff are always present.
type finding struct {
	// Code is the code of a diagnostic, and "missing" or "outdated" for a
	// generated file.
	Code string `json:"code"`
	// File is a relative path if the file is below the current directory.
	File    string  `json:"file"`
	Line    int     `json:"line"` // from 1
	Col     int     `json:"col"`  // in bytes, from 1
	Message string  `json:"message"`
	Related []place `json:"related"`
	// Summary describes the code.
	Summary string `json:"summary"`
	// Diff is the unified diff of a generated file.
	Diff string `json:"diff,omitempty"`
}

// place is another position that is related to a finding.
type place struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Col     int    `json:"col"`
	Message string `json:"message"`
}

func (r jsonReporter) diagnostic(d diag.Diagnostic) {
	f := finding{
		Code: string(d.Code), File: relative(d.Pos.Filename), Line: d.Pos.Line, Col: d.Pos.Column,
		Message: d.Message, Related: []place{}, Summary: d.Code.Summary(),
	}
	for _, related := range d.Related {
		f.Related = append(f.Related, place{
			File: relative(related.Pos.Filename), Line: related.Pos.Line, Col: related.Pos.Column,
			Message: related.Message,
		})
	}
	r.print(f)
}

func (r jsonReporter) outOfDate(file gen.File) {
	name := relative(file.Path)
	f := finding{
		Code: "outdated", File: name, Line: file.FirstChange(), Col: 1, Message: outOfDateMessage(file),
		Related: []place{}, Summary: "a generated file that differs from what sagagen would write",
		Diff: string(file.Diff(filepath.ToSlash(name))),
	}
	if file.Missing() {
		f.Code, f.Summary = "missing", "a generated file that doesn't exist"
	}
	r.print(f)
}

func (r jsonReporter) print(f finding) {
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(f); err != nil {
		panic(err) // strings and numbers can always be encoded
	}
	r.stdout.Write(line.Bytes())
}
