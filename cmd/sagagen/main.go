// Command sagagen generates the code that runs annotated sagas.
//
// It reads the packages that its arguments name, proves that every input of every
// annotated function comes from the parameters of the saga or from a node that has run by then, and
// writes one file in each package that has directives. Run it as a tool of the module:
//
//	go get -tool github.com/sagagen/sagagen/cmd/sagagen
//	go tool sagagen ./...
//
// One line in one package is enough for all of them:
//
//	//go:generate go tool sagagen ./...
//
// With -check it writes nothing and says what it would write, for CI. sagagen help lists what
// else it does.
//
// Package gen documents the directives.
package main

import (
	"io"
	"os"
)

// subcommand is something that the program does when its first argument is the name. Without
// one, it generates.
type subcommand struct {
	name string
	// summary is one line, in lower case.
	summary string
	// run returns the exit status. An interrupt ends the program, unless run asks for the signal.
	run func(args []string, stdin io.Reader, stdout, stderr io.Writer) int
}

// subcommands are sorted by name.
func subcommands() []subcommand {
	return []subcommand{
		{"compat", "tell whether sagas in flight survive what has changed since a base", compatible},
		{"explain", "say what a diagnostic's code means, and how to mend it", explain},
		{"graph", "print sagas with the data that flows in them: as text, json, dot, mermaid or svg", graph},
		{"help", "list the subcommands, describe one, or print the definition of the directives", help},
		{"init", "begin a new package with a small saga and its test", initialize},
		{"list", "list sagas and actions", list},
		{"vet", "run the checks under go vet, or fix what is clear", vet},
	}
}

func main() {
	if calledByGoVet(os.Args[1:]) {
		beVetTool()
	}
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is the whole program. It returns the exit status.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if len(args) > 0 {
		for _, s := range subcommands() {
			if s.name == args[0] {
				return s.run(args[1:], stdin, stdout, stderr)
			}
		}
	}
	return generate(args, stdout, stderr)
}
