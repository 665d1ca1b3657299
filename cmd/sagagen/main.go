// Command sagagen generates the code that runs annotated sagas.
//
// It reads the packages that its arguments name, proves that every input of every
// annotated function comes from the parameters of the saga or from a node that has run by then, and
// writes one file in each package that has directives. Run it as a tool of the module:
//
//	go get -tool github.com/sagagen/sagagen/cmd/sagagen
//	go tool sagagen ./...
//
// One line in one package is enough for all of them:
//
//	//go:generate go tool sagagen ./...
//
// Package gen documents the directives.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/sagagen/sagagen/gen"
)

const usage = `usage: sagagen [flags] [packages]

Sagagen reads the //saga: directives in the packages and writes <package>_saga_gen.go in
each: the actions, the DAG of each saga, and typed functions that start a saga and
read its result. Packages are named as for the go command; the default is the one in the
current directory. A file that is up to date isn't touched.

What is wrong in the sources is told as file:line:col: message [code]. The package's file
is left as it is then, and the exit status is 2.

flags:
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the whole program. It returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("sagagen", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {}
	dir := flags.String("C", ".", "run as if started in `dir`")
	version := flags.Bool("version", false, "print the version and exit")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		flags.SetOutput(stdout)
		fmt.Fprint(stdout, usage)
		flags.PrintDefaults()
		return 0
	case err != nil:
		fmt.Fprintln(stderr, "run sagagen -h for the usage")
		return 2
	case *version:
		fmt.Fprintln(stdout, "sagagen", buildVersion())
		return 0
	}

	patterns := flags.Args()
	if len(patterns) == 0 {
		patterns = []string{"."}
	}
	if _, err := os.Stat(*dir); err != nil {
		fmt.Fprintln(stderr, "sagagen: -C:", err)
		return 2
	}
	result, err := gen.Generate(ctx, gen.Options{Dir: *dir, Patterns: patterns})
	for _, d := range result.Diagnostics {
		printDiagnostic(stderr, d)
	}
	switch {
	case err != nil:
		fmt.Fprintln(stderr, "sagagen:", err)
		return 2
	case len(result.Diagnostics) > 0:
		return 2
	case len(result.Files) == 0:
		fmt.Fprintln(stderr, "sagagen: no //saga: directives in", strings.Join(patterns, " "))
	}
	return 0
}

// printDiagnostic writes a diagnostic with paths relative to the current directory, so that a click on one opens the file.
func printDiagnostic(w io.Writer, d gen.Diagnostic) {
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

func buildVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}
