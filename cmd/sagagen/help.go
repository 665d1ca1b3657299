package main

import (
	"fmt"
	"io"

	"github.com/sagagen/sagagen/gen"
	"github.com/sagagen/sagagen/internal/spelling"
)

const helpUsage = `usage: sagagen help [command | directives]

Help prints help for sagagen or for one of its commands, or the definition of
the directives.
`

func runHelp(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	switch {
	case len(args) == 0:
		return runGenerate([]string{"-h"}, stdout, stderr)
	case len(args) > 1:
		fmt.Fprint(stderr, helpUsage)
		return 2
	case args[0] == "help" || isHelpFlag(args[0]):
		fmt.Fprint(stdout, helpUsage)
		return 0
	case args[0] == "directives":
		fmt.Fprint(stdout, gen.Language())
		return 0
	}
	for _, s := range subcommands() {
		if s.name == args[0] {
			return s.run([]string{"-h"}, stdin, stdout, stderr)
		}
	}
	advice := "run 'sagagen help' to list all commands"
	if name, ok := spelling.Closest(args[0], append(subcommandNames(), "directives")); ok {
		advice = fmt.Sprintf("did you mean %s?", name)
	}
	fmt.Fprintf(stderr, "sagagen: unknown help topic %q; %s\n", args[0], advice)
	return 2
}

func isHelpFlag(arg string) bool {
	return arg == "-h" || arg == "-help" || arg == "--help"
}

// printUsageHint names the command that prints the usage of a subcommand. The
// empty name is sagagen itself.
func printUsageHint(stderr io.Writer, subcommand string) {
	if subcommand != "" {
		subcommand = " " + subcommand
	}
	fmt.Fprintf(stderr, "Run 'sagagen help%s' for usage.\n", subcommand)
}
