package main

import (
	"context"
	"errors"
	"flag"
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

Vet runs go vet with the checks of sagagen in place of its own: it is go vet -vettool=$(which sagagen). The go command
remembers what was found, and repeats it while nothing has changed. It doesn't look into a package that
doesn't compile, as one that uses what has yet to be generated; sagagen -check does.

The exit status is 1 if anything is wrong.

flags:
`

// vet lets the go command run this program on each package.
func vet(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	flags := flag.NewFlagSet("sagagen vet", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {}
	dir := flags.String("C", ".", "run as if started in `dir`")
	tags := flags.String("tags", "", "a comma-separated `list` of build tags that hold")
	fix := flags.Bool("fix", false, "apply the first fix that is suggested for each mistake, and say what is left")
	diff := flags.Bool("diff", false, "print what -fix would change as a diff, change nothing, and exit with 1 if that is anything")
	asJSON := flags.Bool("json", false, "print what is wrong and all fixes as JSON, and exit with 0")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, vetUsage)
		flags.SetOutput(stdout)
		flags.PrintDefaults()
		return 0
	case err != nil:
		fmt.Fprintln(stderr, "run sagagen vet -h for the usage")
		return 2
	}
	self, err := os.Executable()
	if err != nil {
		fmt.Fprintln(stderr, "sagagen:", err)
		return 2
	}
	goVet := func(options ...string) int {
		command := append([]string{"vet", "-C=" + *dir, "-vettool=" + self, "-tags=" + *tags}, options...)
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
		// go vet says nothing of what it couldn't mend.
	}
	return goVet(options...)
}

// calledByGoVet reports whether the arguments are those with which go vet and go fix call their tool: to learn about it, or
// with flags and the description of a package.
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

// beVetTool does what go vet or go fix asks for, and ends the program.
func beVetTool() { unitchecker.Main(sagavet.Analyzer) }
