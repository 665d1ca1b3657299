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

// inspection is a subcommand that reads packages and prints something about them.
type inspection struct {
	name, usage string
	// flags are its own.
	flags func(*flag.FlagSet)
	// print returns what to print. The error is one in the arguments.
	print func(gen.Result) (string, error)
}

// run returns the exit status: 2 if the arguments or the sources are wrong. A package that is wrong isn't
// printed, and the others are.
func (in inspection) run(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	flags := flag.NewFlagSet("sagagen "+in.name, flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {}
	dir := flags.String("C", ".", "run as if started in `dir`")
	tags := flags.String("tags", "", "a comma-separated `list` of build tags that hold")
	in.flags(flags)
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		flags.SetOutput(stdout)
		fmt.Fprint(stdout, in.usage, "\nflags:\n")
		flags.PrintDefaults()
		return 0
	case err != nil:
		fmt.Fprintf(stderr, "run sagagen %s -h for the usage\n", in.name)
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
	result, err := gen.Analyze(ctx, gen.Options{Dir: *dir, Patterns: patterns, Tags: splitTags(*tags)})
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
