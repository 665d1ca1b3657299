package main

import (
	"flag"
	"io"

	"github.com/sagagen/sagagen/gen"
	"github.com/sagagen/sagagen/gen/inspect"
)

const listUsage = `usage: sagagen list [flags] [packages]

List prints the sagas and the actions in the packages, each with where it is declared, what it takes and returns,
how it is undone, and what its directives say of attempts.
`

func list(args []string, _ io.Reader, stdout, stderr io.Writer) int {
	print := inspect.ListText
	return inspection{
		name:  "list",
		usage: listUsage,
		flags: func(flags *flag.FlagSet) {
			flags.BoolFunc("json", "print it as JSON", func(string) error {
				print = inspect.ListJSON
				return nil
			})
		},
		print: func(result gen.Result) (string, error) {
			return print(inspect.List(result.Packages, relative)), nil
		},
	}.run(args, stdout, stderr)
}
