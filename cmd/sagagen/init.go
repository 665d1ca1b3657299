package main

import (
	"fmt"
	"io"

	"github.com/sagagen/sagagen/gen/starter"
)

const initUsage = `usage: sagagen init [flags]

Init creates a new package with a small saga and its test, and prints the next
steps. The directory must be in a module and must not contain Go files. Init
doesn't overwrite files.

The flags are:

`

const initNextSteps = `
Next steps:
  go get github.com/sagagen/sagagen/runtime
  go get -tool github.com/sagagen/sagagen/cmd/sagagen
  go generate
  go test
`

func runInit(args []string, _ io.Reader, stdout, stderr io.Writer) int {
	flags := newFlags("init", initUsage)
	if status, ok := flags.parse(args, stdout, stderr); !ok {
		return status
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(stderr, "sagagen: init takes no arguments, found %q; use -C to choose a directory\n", flags.Args())
		return 2
	}
	written, err := starter.Write(flags.dir)
	if err != nil {
		fmt.Fprintln(stderr, "sagagen:", err)
		return 2
	}
	for _, name := range written {
		fmt.Fprintln(stdout, "created", name)
	}
	fmt.Fprint(stdout, initNextSteps)
	return 0
}
