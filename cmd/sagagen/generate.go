package main

import (
	"context"
	"errors"
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
       sagagen <command> [arguments]

Sagagen generates Go code from the //saga: directives in packages. In each
package that has directives, it writes the file <package>_saga_gen.go. The file
contains the actions, the DAG of each saga, and typed functions that start a
saga and read its result. Packages are named as for the go command; the default
is the package in the current directory. Files that are up to date aren't
rewritten.

Mistakes in the sources are reported as file:line:col: message [code]. The file
of a package with mistakes isn't written, and the exit status is 2. Run
'sagagen explain <code>' for an explanation.

With -check, sagagen writes no files. It prints the changes as a unified diff,
and the exit status is 1 if there are any.

`

// tagsUsage describes the flag -tags.
const tagsUsage = "a comma-separated `list` of additional build tags to consider satisfied"

// generation is one run of the generator, as the flags describe it.
type generation struct {
	options gen.Options
	check   bool
	report  reporter
	stderr  io.Writer
}

// runGenerate runs sagagen without a subcommand.
func runGenerate(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	flags := newFlags("", usage+subcommandList()+
		"\nRun 'sagagen help <command>' for more about a command.\n\nThe flags are:\n\n")
	check := flags.Bool("check", false,
		"write no files; print the changes as a diff, and exit with status 1 if there are any")
	asJSON := flags.Bool("json", false, "print mistakes as JSON on standard output, one object per line")
	tags := flags.String("tags", "", tagsUsage)
	verbose := flags.Bool("v", false, "print how long each stage takes for each package")
	version := flags.Bool("version", false, "print the version and exit")
	if status, ok := flags.parse(args, stdout, stderr); !ok {
		return status
	}
	if *version {
		fmt.Fprintln(stdout, "sagagen", buildVersion())
		return 0
	}

	patterns := flags.Args()
	if len(patterns) == 0 {
		patterns = []string{"."}
	}
	if _, err := os.Stat(flags.dir); err != nil {
		fmt.Fprintln(stderr, "sagagen: -C:", err)
		return 2
	}
	g := generation{
		options: gen.Options{Dir: flags.dir, Patterns: patterns, Tags: splitTags(*tags)},
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

// run generates or checks the files and returns the exit status.
func (g generation) run(ctx context.Context) int {
	generate := gen.Generate
	if g.check {
		generate = gen.Check
	}
	result, err := generate(ctx, g.options)
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
		if message, ok := suggestSubcommand(g.options.Patterns[0]); ok {
			err = errors.New(message)
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

func subcommandList() string {
	list := "The commands are:\n\n"
	for _, s := range subcommands() {
		list += fmt.Sprintf("  %-10s %s\n", s.name, s.summary)
	}
	return list
}

func buildVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}
