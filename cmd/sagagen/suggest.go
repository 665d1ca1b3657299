package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sagagen/sagagen/internal/spelling"
)

// misspeltSubcommand says what was meant by the first argument, if that matches no package and is much like a subcommand, or
// like what other tools have as one.
func misspeltSubcommand(pattern string) (advice string, ok bool) {
	const generate = "generate"
	flags := []string{"check", "version"}
	if strings.ContainsAny(pattern, "./\\") {
		return "", false
	}
	meant, ok := spelling.Closest(pattern, slices.Concat(subcommandNames(), flags, []string{generate}))
	switch {
	case meant == generate:
		return fmt.Sprintf("there is no subcommand %q, as that is what sagagen does without one: name the packages alone", pattern), ok
	case slices.Contains(flags, meant):
		meant = "-" + meant
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
