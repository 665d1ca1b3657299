package main

import (
	"flag"
	"io"

	"github.com/sagagen/sagagen/gen"
	"github.com/sagagen/sagagen/gen/inspect"
)

const listUsage = `usage: sagagen list [flags] [packages]

List prints the sagas and actions that packages declare: their positions,
parameters and outputs, undo functions, timeouts and attempts.
`

func runList(args []string, _ io.Reader, stdout, stderr io.Writer) int {
	format := inspect.ListText
	return inspection{
		name:  "list",
		usage: listUsage,
		flags: func(flags *flag.FlagSet) {
			flags.BoolFunc("json", "print JSON", func(string) error {
				format = inspect.ListJSON
				return nil
			})
		},
		print: func(result gen.Result) (string, error) {
			return format(inspect.List(result.Packages, relative)), nil
		},
	}.run(args, stdout, stderr)
}
