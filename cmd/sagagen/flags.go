package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
)

// flagSet holds the flags of sagagen or of a subcommand.
type flagSet struct {
	*flag.FlagSet
	subcommand string // empty for sagagen itself
	usage      string // is printed above the flags
	dir        string // the value of -C
}

func newFlags(subcommand, usage string) *flagSet {
	name := strings.TrimSpace("sagagen " + subcommand)
	f := &flagSet{FlagSet: flag.NewFlagSet(name, flag.ContinueOnError), subcommand: subcommand, usage: usage}
	f.Usage = func() {}
	f.StringVar(&f.dir, "C", ".", "run as if started in `dir`")
	return f
}

// parse parses the arguments. If they ask for help, it prints the usage; if
// they have a mistake, it prints a hint. In both cases it returns the exit
// status and false.
func (f *flagSet) parse(args []string, stdout, stderr io.Writer) (status int, ok bool) {
	f.SetOutput(stderr)
	switch err := f.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		f.SetOutput(stdout)
		fmt.Fprint(stdout, f.usage)
		f.PrintDefaults()
		return 0, false
	case err != nil:
		printUsageHint(stderr, f.subcommand)
		return 2, false
	}
	return 0, true
}
