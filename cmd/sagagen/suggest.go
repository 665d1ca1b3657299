package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sagagen/sagagen/internal/spelling"
)

// suggestSubcommand returns an error message for a first argument that matches
// no package but is similar to a subcommand, to a flag, or to the word
// generate, which other tools use as a subcommand.
func suggestSubcommand(pattern string) (message string, ok bool) {
	const generate = "generate"
	flags := []string{"check", "version"}
	if strings.ContainsAny(pattern, "./\\") {
		return "", false
	}
	closest, ok := spelling.Closest(pattern, slices.Concat(subcommandNames(), flags, []string{generate}))
	switch {
	case closest == generate:
		return fmt.Sprintf("unknown command %q; to generate code, name only packages, as in sagagen ./...", pattern), ok
	case slices.Contains(flags, closest):
		closest = "-" + closest
	}
	return fmt.Sprintf("unknown command %q; did you mean %s?", pattern, closest), ok
}

func subcommandNames() []string {
	var names []string
	for _, s := range subcommands() {
		names = append(names, s.name)
	}
	return names
}
