// Command sagagen generates Go code for sagas.
//
// It reads the packages that its arguments name and checks their //saga:
// directives: each input of each annotated function must come from the saga's
// parameters or from a node that runs earlier. In each package that has
// directives, it then writes one file. Run it as a tool of the module:
//
//	go get -tool github.com/sagagen/sagagen/cmd/sagagen
//	go tool sagagen ./...
//
// One line in one package is enough for the whole module:
//
//	//go:generate go tool sagagen ./...
//
// With -check, it writes no files and prints what it would change, for CI.
// "sagagen help" lists the other commands. Package gen documents the
// directives.
package main

import (
	"io"
	"os"
)

// subcommand is a command that the first argument names. Without one, sagagen
// generates code.
type subcommand struct {
	name string
	// summary is one line, in lower case.
	summary string
	// run returns the exit status. An interrupt ends the program unless run
	// handles the signal.
	run func(args []string, stdin io.Reader, stdout, stderr io.Writer) int
}

// subcommands returns the subcommands, sorted by name.
func subcommands() []subcommand {
	return []subcommand{
		{"compat", "report whether sagas in flight survive the changes since a base version", runCompat},
		{"explain", "explain a diagnostic code and how to fix the mistake", runExplain},
		{"graph", "print sagas and their data flow as text, JSON, DOT, Mermaid or SVG", runGraph},
		{"help", "print help for a command, or the definition of the directives", runHelp},
		{"init", "create a small saga and its test in a new package", runInit},
		{"list", "list sagas and actions", runList},
		{"vet", "run the checks under go vet, and apply fixes", runVet},
	}
}

func main() {
	if calledByGoVet(os.Args[1:]) {
		runAsVetTool()
	}
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run runs the program and returns its exit status.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if len(args) > 0 {
		for _, s := range subcommands() {
			if s.name == args[0] {
				return s.run(args[1:], stdin, stdout, stderr)
			}
		}
	}
	return runGenerate(args, stdout, stderr)
}
