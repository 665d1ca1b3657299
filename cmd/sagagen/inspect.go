package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"github.com/sagagen/sagagen/gen"
)

// inspection is a subcommand that reads packages and prints information about
// them.
type inspection struct {
	name, usage string
	// flags defines the flags that only this subcommand has.
	flags func(*flag.FlagSet)
	// print returns the output. It returns an error if the arguments don't fit
	// the packages.
	print func(gen.Result) (string, error)
}

// run returns the exit status, which is 2 if the arguments or the sources have
// a mistake. It skips packages with mistakes and prints the others.
func (in inspection) run(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	flags := flag.NewFlagSet("sagagen "+in.name, flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {}
	dir := flags.String("C", ".", "run as if started in `dir`")
	tags := flags.String("tags", "", tagsUsage)
	in.flags(flags)
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		flags.SetOutput(stdout)
		fmt.Fprint(stdout, in.usage, "\nThe flags are:\n\n")
		flags.PrintDefaults()
		return 0
	case err != nil:
		printUsageHint(stderr, in.name)
		return 2
	}
	if _, err := os.Stat(*dir); err != nil {
		fmt.Fprintln(stderr, "sagagen: -C:", err)
		return 2
	}
	patterns := flags.Args()
	if len(patterns) == 0 {
		patterns = []string{"."}
	}
	options := gen.Options{Dir: *dir, Patterns: patterns, Tags: splitTags(*tags)}
	result, err := gen.Analyze(ctx, options)
	for _, d := range result.Diagnostics {
		printDiagnostic(stderr, d)
	}
	var text string
	switch {
	case err != nil:
	case len(result.Packages) > 0:
		text, err = in.print(result)
	case len(result.Diagnostics) == 0:
		fmt.Fprintln(stderr, "sagagen: no //saga: directives in", strings.Join(patterns, " "))
		return 0
	}
	if err == nil {
		_, err = io.WriteString(stdout, text)
	}
	if err != nil {
		fmt.Fprintln(stderr, "sagagen:", err)
	}
	if err != nil || len(result.Diagnostics) > 0 {
		return 2
	}
	return 0
}
