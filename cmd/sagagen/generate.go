package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"time"

	"github.com/sagagen/sagagen/gen"
)

const usage = `usage: sagagen [flags] [packages]
       sagagen <subcommand> [arguments]

Sagagen reads the //saga: directives in the packages and writes <package>_saga_gen.go in
each: the actions, the DAG of each saga, and typed functions that start a saga and
read its result. Packages are named as for the go command; the default is the one in the
current directory. A file that is up to date isn't touched.

What is wrong in the sources is told as file:line:col: message [code]. The package's file
is left as it is then, and the exit status is 2. sagagen explain <code> says more.

With -check nothing is written. What would be is printed as a unified diff, and the exit status
is 1 if there is any.

`

// generation is what the flags say.
type generation struct {
	options gen.Options
	check   bool
	report  reporter
	stderr  io.Writer
}

// generate is what the program does without a subcommand.
func generate(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	flags := flag.NewFlagSet("sagagen", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {}
	dir := flags.String("C", ".", "run as if started in `dir`")
	check := flags.Bool("check", false, "write nothing, print what would change, and exit with 1 if something would")
	asJSON := flags.Bool("json", false, "print what is wrong as JSON on the standard output, one object a line")
	tags := flags.String("tags", "", "a comma-separated `list` of build tags that hold")
	verbose := flags.Bool("v", false, "print how long each stage takes, for each package")
	version := flags.Bool("version", false, "print the version and exit")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, usage)
		printSubcommands(stdout)
		fmt.Fprint(stdout, "\nflags:\n")
		flags.SetOutput(stdout)
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
	g := generation{
		options: gen.Options{Dir: *dir, Patterns: patterns, Tags: splitTags(*tags)},
		check:   *check, report: textReporter{stdout: stdout, stderr: stderr}, stderr: stderr,
	}
	if *asJSON {
		g.report = jsonReporter{stdout}
	}
	if *verbose {
		start := time.Now()
		g.options.Timed = func(t gen.Timing) { printTiming(stderr, string(t.Stage), t.Took, relative(t.Of)) }
		defer func() { printTiming(stderr, "total", time.Since(start), "") }()
	}
	return g.run(ctx)
}

// run generates, or checks, and returns the exit status.
func (g generation) run(ctx context.Context) int {
	do := gen.Generate
	if g.check {
		do = gen.Check
	}
	result, err := do(ctx, g.options)
	for _, d := range result.Diagnostics {
		g.report.diagnostic(d)
	}
	status := 0
	if g.check {
		for _, f := range result.Files {
			if f.Changed {
				g.report.outOfDate(f)
				status = 1
			}
		}
	}
	switch {
	case err != nil:
		if advice, ok := misspeltSubcommand(g.options.Patterns[0]); ok {
			err = errors.New(advice)
		}
		fmt.Fprintln(g.stderr, "sagagen:", err)
		return 2
	case len(result.Diagnostics) > 0:
		return 2
	case len(result.Files) == 0:
		fmt.Fprintln(g.stderr, "sagagen: no //saga: directives in", strings.Join(g.options.Patterns, " "))
	}
	return status
}

// splitTags splits a list of build tags as the go command does.
func splitTags(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}

func printTiming(w io.Writer, stage string, took time.Duration, of string) {
	line := fmt.Sprintf("%-6s %8.1f ms  %s", stage, float64(took.Microseconds())/1000, of)
	fmt.Fprintln(w, strings.TrimRight(line, " "))
}

func printSubcommands(w io.Writer) {
	fmt.Fprint(w, "subcommands:\n")
	for _, s := range subcommands() {
		fmt.Fprintf(w, "  %-10s %s\n", s.name, s.summary)
	}
}

func buildVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}
