// Command bench measures sagas of this module beside the same work in other systems.
//
//	go run . -short                                 # a few minutes: what changes of the runtime are held against
//	go run . -run 'postgres/trip'                   # what has this in its name, ours and our peers'
//	go run . -run '^memory' -json > memory.jsonl    # one object a line
//	go run . -from memory.jsonl -plot memory.svg    # draws what was measured before
//
// A case is measured for a while in each of several rounds, one case after the other, each on a new database and with nothing else
// running. Least, median and greatest of the rounds are printed: the spread says what a difference is worth. Each saga's output is
// checked, and when a round ends, what the store and the actions have counted: what comes out wrong ends the program with status 1. So does an interruption;
// what was measured before that is printed all the same.
//
// PostgreSQL is started for the run from the programs that are installed, or is the server that SAGA_BENCH_POSTGRES has the URL
// of, whose user may create databases. SQLite's files, and the server's, are in the folder for temporary files: TMPDIR chooses the disk.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
	case errors.As(err, new(usageError)):
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		os.Exit(2)
	default:
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		os.Exit(1)
	}
}

// usageError is a mistake on the command line.
type usageError struct{ error }

type options struct {
	expression *regexp.Regexp
	json, list bool
	plot, from string
	short      bool
	rounds     int
	budget     budget
	temporal   string
	// unfinished and finished are the sizes of the stores; 0 for what the case's name says.
	unfinished, finished int
}

func parse(args []string, stderr io.Writer) (options, error) {
	o := options{expression: regexp.MustCompile("")}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // main prints the error, once
	flags.Func("run", "measure the cases that `REGEXP` matches, by name or as name@clients", func(text string) (err error) {
		o.expression, err = regexp.Compile(text)
		return err
	})
	flags.BoolVar(&o.json, "json", false, "print one JSON object a line and case, not a table")
	flags.BoolVar(&o.list, "list", false, "print the names of the cases, and measure nothing")
	flags.StringVar(&o.plot, "plot", "", "draw the results in `FILE`, an SVG")
	flags.StringVar(&o.from, "from", "", "take the results from `FILE`, written with -json, and measure nothing")
	flags.BoolVar(&o.short, "short", false, "fewer cases, shorter rounds and smaller stores: some minutes")
	flags.IntVar(&o.rounds, "rounds", 0, "measure each case `N` times (default 5, with -short 3)")
	flags.DurationVar(&o.budget.time, "time", 0, "begin sagas for that `TIME` in each round (default 2s, with -short 500ms)")
	flags.Int64Var(&o.budget.sagas, "sagas", 0, "begin at most `N` sagas in each round (default: as many as there is time for)")
	flags.IntVar(&o.unfinished, "unfinished", 0, "recover `N` sagas (default 100000, with -short 5000)")
	flags.IntVar(&o.finished, "finished", 0, "have `N` finished sagas in the full store (default 1000000)")
	flags.StringVar(&o.temporal, "temporal", os.Getenv("SAGA_BENCH_TEMPORAL"), "the `HOST:PORT` of a Temporal server (default: SAGA_BENCH_TEMPORAL)")
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintln(stderr, "usage: bench [flags]")
		flags.SetOutput(stderr)
		flags.PrintDefaults()
		return o, err
	case err == nil && flags.NArg() > 0:
		err = fmt.Errorf("unexpected argument %q; there are flags only, see -h", flags.Arg(0))
	case err == nil && (o.rounds < 0 || o.budget.time < 0 || o.budget.sagas < 0 || o.unfinished < 0 || o.finished < 0):
		err = errors.New("a number is negative")
	}
	if err != nil {
		return o, usageError{err}
	}
	rounds, perRound, unfinished := 5, 2*time.Second, 100_000
	if o.short {
		rounds, perRound, unfinished = 3, 500*time.Millisecond, 5_000
	}
	setDefault(&o.rounds, rounds)
	setDefault(&o.budget.time, perRound)
	setDefault(&o.unfinished, unfinished)
	setDefault(&o.finished, 1_000_000)
	return o, nil
}

func setDefault[T comparable](option *T, value T) {
	if *option == *new(T) {
		*option = value
	}
}

// run measures, or reads, and reports. The progress goes to stderr.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	cases := choose(allCases(), o.expression, o.short)
	if len(cases) == 0 {
		return usageError{fmt.Errorf("no case matches %q; -list prints them", o.expression)}
	}
	if o.list {
		for _, c := range cases {
			fmt.Fprintln(stdout, c.label())
		}
		return nil
	}
	results, failure := o.results(ctx, cases, stderr)
	if failure != nil && len(results) == 0 {
		return failure
	}
	if o.json {
		err = writeJSON(stdout, results)
	} else {
		err = writeTable(stdout, results)
	}
	if err = errors.Join(failure, err); err != nil || o.plot == "" {
		return err
	}
	return os.WriteFile(o.plot, drawPlot(results), 0o644)
}

// results returns what -from has, or else measures the cases. With an error it returns what was measured before.
func (o *options) results(ctx context.Context, cases []benchCase, stderr io.Writer) (results []result, err error) {
	if o.from != "" {
		file, err := os.Open(o.from)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		if results, err = readJSON(file); err != nil {
			return nil, fmt.Errorf("%s: %w", o.from, err)
		}
		return o.matching(results), nil
	}
	l, err := newLab()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	l.temporal, l.postgresURL = o.temporal, os.Getenv(postgresVariable)
	l.unfinished, l.finished = o.unfinished, o.finished
	progress := func(round int, c *benchCase) {
		fmt.Fprintf(stderr, "round %d of %d: %s\n", round+1, o.rounds, c.label())
	}
	return runRounds(ctx, l, cases, o.rounds, o.budget, progress, func(skipped error) { fmt.Fprintf(stderr, "%v\n", skipped) })
}

// matching returns the results whose names -run matches.
func (o *options) matching(results []result) []result {
	var matching []result
	for _, r := range results {
		c := benchCase{name: r.Name, clients: r.Clients}
		if o.expression.MatchString(c.name) || o.expression.MatchString(c.label()) {
			matching = append(matching, r)
		}
	}
	return matching
}
