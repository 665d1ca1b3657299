package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"github.com/sagagen/sagagen/internal/compat"
)

const compatUsage = `usage: sagagen compat -base REV|FILE [flags] [packages]

Compat reports how the sagas in packages changed since a base version, and
whether sagas in flight survive each change. The base is a git revision, or a
copy of an earlier generated file. Compat compares generated files and builds
nothing, so run sagagen first.

Each change has a level:

  safe      sagas in flight aren't affected
  caution   sagas in flight continue, but read the advice first
  breaking  sagas in flight may be parked or stuck, or not be undone

docs/versioning.md describes what compat can't detect.

The exit status is 1 if a change is breaking, and 2 after an error.

The flags are:

`

func runCompat(args []string, _ io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	opts := compat.Options{Aliases: map[string]string{}}
	flags := newFlags("compat", compatUsage)
	flags.StringVar(&opts.Base, "base", "",
		"compare with `REV|FILE`: a git revision, or a copy of an earlier generated file")
	asJSON := flags.Bool("json", false, "print JSON")
	const aliasUsage = "assume that the program registers `OLD=NEW` with registry.Alias; may be repeated"
	flags.Func("alias", aliasUsage, func(s string) error {
		oldName, newName, ok := strings.Cut(s, "=")
		if !ok || oldName == "" || newName == "" {
			return errors.New("want OLD=NEW")
		}
		opts.Aliases[oldName] = newName
		return nil
	})
	if status, ok := flags.parse(args, stdout, stderr); !ok {
		return status
	}
	if opts.Base == "" {
		fmt.Fprintln(stderr, "sagagen: compat needs the flag -base")
		printUsageHint(stderr, "compat")
		return 2
	}
	if _, err := os.Stat(flags.dir); err != nil {
		fmt.Fprintln(stderr, "sagagen: -C:", err)
		return 2
	}
	opts.Dir, opts.Patterns = flags.dir, flags.Args()
	report, err := compat.Run(ctx, opts)
	if err != nil {
		// A ReadError begins with its position, like a diagnostic.
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
