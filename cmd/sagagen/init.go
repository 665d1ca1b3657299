package main

import (
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/sagagen/sagagen/gen/starter"
)

const initUsage = `usage: sagagen init [flags]

Init writes a small saga with its test into a folder of a module that has no Go files yet, and says how to go
on. It overwrites nothing.

flags:
`

const initNext = `
Next:
  go get github.com/sagagen/sagagen/runtime
  go get -tool github.com/sagagen/sagagen/cmd/sagagen
  go generate
  go test
`

// initialize is the subcommand init, a name that Go keeps for itself.
func initialize(args []string, _ io.Reader, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("sagagen init", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {}
	dir := flags.String("C", ".", "run as if started in `dir`")
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		flags.SetOutput(stdout)
		fmt.Fprint(stdout, initUsage)
		flags.PrintDefaults()
		return 0
	case err == nil && flags.NArg() > 0:
		fmt.Fprintf(stderr, "sagagen: init takes no arguments, found %q; it writes into the current directory, or that of -C\n", flags.Args())
		return 2
	case err != nil:
		fmt.Fprintln(stderr, "run sagagen init -h for the usage")
		return 2
	}
	written, err := starter.Write(*dir)
	if err != nil {
		fmt.Fprintln(stderr, "sagagen:", err)
		return 2
	}
	for _, name := range written {
		fmt.Fprintln(stdout, "wrote", name)
	}
	fmt.Fprint(stdout, initNext)
	return 0
}
