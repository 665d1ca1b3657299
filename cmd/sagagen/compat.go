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

	"github.com/sagagen/sagagen/internal/compat"
)

const compatUsage = `usage: sagagen compat -base REV|FILE [flags] [packages]

Compat tells what has changed in the sagas of the packages since a revision of git, or since
a generated file that was kept, and whether sagas in flight survive it. Each change is safe, is safe with care, or
is breaking; the reason and the way to do it safely follow. It compares the generated files, without
a build: run sagagen first. What it can't see is in docs/versioning.md.

The exit status is 1 if a change is breaking, and 2 after an error.

flags:
`

// compatible tells whether sagas in flight survive what has changed.
func compatible(args []string, _ io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	opts := compat.Options{Aliases: map[string]string{}}
	flags := flag.NewFlagSet("sagagen compat", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {}
	flags.StringVar(&opts.Base, "base", "", "compare with the generated files of this `revision` of git, or with this file")
	flags.StringVar(&opts.Dir, "C", ".", "run as if started in `dir`")
	asJSON := flags.Bool("json", false, "print it as JSON")
	flags.Func("alias", "the program registers the alias `old=new` of an action; may be given again", func(s string) error {
		old, name, ok := strings.Cut(s, "=")
		if !ok || old == "" || name == "" {
			return errors.New("want OLD=NEW")
		}
		opts.Aliases[old] = name
		return nil
	})
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		flags.SetOutput(stdout)
		fmt.Fprint(stdout, compatUsage)
		flags.PrintDefaults()
		return 0
	case err != nil:
		fmt.Fprintln(stderr, "run sagagen compat -h for the usage")
		return 2
	case opts.Base == "":
		fmt.Fprintln(stderr, "sagagen compat: -base is missing; run sagagen compat -h for the usage")
		return 2
	}
	if _, err := os.Stat(opts.Dir); err != nil {
		fmt.Fprintln(stderr, "sagagen: -C:", err)
		return 2
	}
	opts.Patterns = flags.Args()
	report, err := compat.Run(ctx, opts)
	if err != nil {
		// That of a file that can't be read begins with its place, as diagnostics do.
		if read := (*compat.ReadError)(nil); errors.As(err, &read) {
			fmt.Fprintln(stderr, read)
			return 2
		}
		fmt.Fprintln(stderr, "sagagen:", err)
		return 2
	}
	if *asJSON {
		fmt.Fprint(stdout, report.JSON())
	} else {
		fmt.Fprint(stdout, report.Text())
	}
	if report.Breaking() {
		return 1
	}
	return 0
}
