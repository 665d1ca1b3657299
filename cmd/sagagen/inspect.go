package main

import (
	"context"
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
	flags := newFlags(in.name, in.usage+"\nThe flags are:\n\n")
	tags := flags.String("tags", "", tagsUsage)
	in.flags(flags.FlagSet)
	if status, ok := flags.parse(args, stdout, stderr); !ok {
		return status
	}
	if _, err := os.Stat(flags.dir); err != nil {
		fmt.Fprintln(stderr, "sagagen: -C:", err)
		return 2
	}
	patterns := flags.Args()
	if len(patterns) == 0 {
		patterns = []string{"."}
	}
	options := gen.Options{Dir: flags.dir, Patterns: patterns, Tags: splitTags(*tags)}
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
