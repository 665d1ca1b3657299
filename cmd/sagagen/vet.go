package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"

	"golang.org/x/tools/go/analysis/unitchecker"

	sagavet "github.com/sagagen/sagagen/gen/vet"
)

const vetUsage = `usage: sagagen vet [flags] [packages]

Vet runs the checks of sagagen under go vet. It runs

	go vet -vettool=$(which sagagen) [packages]

which replaces the checks of go vet itself. The go command caches the findings
and repeats them until a source file changes. It skips packages that don't
compile, such as packages that use code that isn't generated yet. Use
sagagen -check for those.

The exit status is 1 if there are mistakes.

The flags are:

`

// runVet has the go command run this program on each package.
func runVet(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	flags := newFlags("vet", vetUsage)
	tags := flags.String("tags", "", tagsUsage)
	fix := flags.Bool("fix", false, "apply the first suggested fix of each mistake, then report the remaining mistakes")
	diff := flags.Bool("diff", false,
		"print the changes of -fix as a diff instead of applying them, and exit with status 1 if there are any")
	asJSON := flags.Bool("json", false, "print mistakes with all their fixes as JSON, and exit with status 0")
	if status, ok := flags.parse(args, stdout, stderr); !ok {
		return status
	}
	self, err := os.Executable()
	if err != nil {
		fmt.Fprintln(stderr, "sagagen:", err)
		return 2
	}
	goVet := func(options ...string) int {
		command := append([]string{"vet", "-C=" + flags.dir, "-vettool=" + self, "-tags=" + *tags}, options...)
		cmd := exec.CommandContext(ctx, "go", append(command, flags.Args()...)...)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, stdout, stderr
		err := cmd.Run()
		if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
			fmt.Fprintln(stderr, "sagagen:", err)
			return 2
		}
		return cmd.ProcessState.ExitCode()
	}
	var options []string
	if *asJSON {
		options = append(options, "-json")
	}
	switch {
	case *diff:
		return goVet(append(options, "-fix", "-diff")...)
	case *fix:
		if code := goVet(append(options, "-fix")...); code != 0 {
			return code
		}
		// go vet -fix doesn't report the mistakes that it couldn't fix.
	}
	return goVet(options...)
}

// calledByGoVet reports whether the arguments are those with which go vet and
// go fix run their tool: one of two queries about the tool, or flags and the
// description of a package.
func calledByGoVet(args []string) bool {
	if len(args) == 0 {
		return false
	}
	if len(args) == 1 && (args[0] == "-V=full" || args[0] == "-flags") {
		return true
	}
	last := args[len(args)-1]
	if !strings.HasSuffix(last, ".cfg") {
		return false
	}
	info, err := os.Stat(last)
	return err == nil && info.Mode().IsRegular()
}

// runAsVetTool runs the analysis for go vet or go fix. It doesn't return.
func runAsVetTool() { unitchecker.Main(sagavet.Analyzer) }
