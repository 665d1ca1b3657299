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

// reporter prints what is to be mended.
type reporter interface {
	// diagnostic is a mistake in the sources.
	diagnostic(diag.Diagnostic)
	// outOfDate is a file that isn't what would be generated.
	outOfDate(gen.File)
}

// textReporter prints for people: the diffs on the standard output, all else on the standard error.
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

// printDiagnostic writes a diagnostic with paths relative to the current directory, so that a click on one opens the file.
func printDiagnostic(w io.Writer, d diag.Diagnostic) {
	d.Pos.Filename = relative(d.Pos.Filename)
	fmt.Fprintln(w, d)
	for _, r := range d.Related {
		r.Pos.Filename = relative(r.Pos.Filename)
		fmt.Fprintf(w, "\t%s: %s\n", r.Pos, r.Message)
	}
}

// relative shortens a path if it is below the current directory.
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

// jsonReporter prints for programs: an object a line.
type jsonReporter struct{ stdout io.Writer }

// finding is the object. The names of its fields don't change, and all are there always, but for
// diff.
type finding struct {
	// Code is that of the diagnostic, or missing or outdated for a generated file.
	Code string `json:"code"`
	// File is relative to the current directory if it is below that.
	File    string  `json:"file"`
	Line    int     `json:"line"` // from 1
	Col     int     `json:"col"`  // in bytes, from 1
	Message string  `json:"message"`
	Related []place `json:"related"`
	// Summary is what all findings with the code have in common.
	Summary string `json:"summary"`
	// Diff is there for a generated file.
	Diff string `json:"diff,omitempty"`
}

// place is another place that matters.
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
		f.Related = append(f.Related, place{relative(related.Pos.Filename), related.Pos.Line, related.Pos.Column, related.Message})
	}
	r.print(f)
}

func (r jsonReporter) outOfDate(file gen.File) {
	name := relative(file.Path)
	f := finding{
		Code: "outdated", File: name, Line: file.FirstChange(), Col: 1, Message: outOfDateMessage(file),
		Related: []place{}, Summary: "a generated file that isn't what sagagen writes now", Diff: string(file.Diff(filepath.ToSlash(name))),
	}
	if file.Missing() {
		f.Code, f.Summary = "missing", "a generated file that isn't there"
	}
	r.print(f)
}

func (r jsonReporter) print(f finding) {
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(f); err != nil {
		panic(err) // strings and numbers always encode
	}
	r.stdout.Write(line.Bytes())
}
