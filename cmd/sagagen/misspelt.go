package main

import (
	"fmt"
	"strings"

	"github.com/sagagen/sagagen/gen"
)

// misspeltSubcommand says what was meant by the first argument, if that matches no package and is much like a subcommand, or
// like a flag without its hyphen.
func misspeltSubcommand(pattern string) (advice string, ok bool) {
	const check = "check" // what linters and formatters call it
	if strings.ContainsAny(pattern, "./\\") {
		return "", false
	}
	meant, ok := gen.Closest(pattern, append(subcommandNames(), check))
	if meant == check {
		meant = "-" + check
	}
	return fmt.Sprintf("unknown subcommand %q; did you mean %s?", pattern, meant), ok
}

func subcommandNames() []string {
	var names []string
	for _, s := range subcommands() {
		names = append(names, s.name)
	}
	return names
}
