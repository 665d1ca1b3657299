// Command bench measures sagas of this project and the same work in other
// systems.
//
//	go run . -short                               # a short set of cases
//	go run . -run 'postgres/trip'                 # the trip on PostgreSQL
//	go run . -run '^memory' -json > memory.jsonl  # one JSON object per line
//	go run . -from memory.jsonl -plot memory.svg  # plot earlier results
//
// It measures each case once in each round, one case after the other. Each
// round of a case has a new database, and nothing else runs. The output has the
// minimum, the median and the maximum of the rounds: a difference within this
// spread means nothing.
//
// It checks the output of each saga, and after a round the counts of the store
// and of the actions. A wrong output or count ends the program with status 1,
// as does an interrupt. The program then prints the earlier results.
//
// By default it starts a PostgreSQL server with the installed programs.
// SAGA_BENCH_POSTGRES can have the URL of another server, whose user must be
// allowed to create databases. The files of SQLite and of the started server
// are in the directory for temporary files: TMPDIR chooses the disk.
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

// usageError is an error on the command line.
type usageError struct{ error }

type options struct {
	expression *regexp.Regexp
	json, list bool
	plot, from string
	short      bool
	rounds     int
	budget     budget
	temporal   string
	// unfinished and finished are the numbers of sagas in the stores of the
	// recover and the finished cases.
	unfinished, finished int
}

func parse(args []string, stderr io.Writer) (options, error) {
	o := options{expression: regexp.MustCompile("")}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // main prints the error
	flags.Func("run", "measure the cases whose name, or name@clients, matches `REGEXP`", func(text string) (err error) {
		o.expression, err = regexp.Compile(text)
		return err
	})
	flags.BoolVar(&o.json, "json", false, "print one JSON object per case and line instead of a table")
	flags.BoolVar(&o.list, "list", false, "print the names of the cases without measuring them")
	flags.StringVar(&o.plot, "plot", "", "plot the results to the SVG `FILE`")
	flags.StringVar(&o.from, "from", "", "read the results from `FILE`, written with -json, without measuring")
	flags.BoolVar(&o.short, "short", false, "fewer cases, shorter rounds and smaller stores: a few minutes")
	flags.IntVar(&o.rounds, "rounds", 0, "measure each case `N` times (default 5, with -short 3)")
	flags.DurationVar(&o.budget.time, "time", 0, "in each round start sagas for `TIME` (default 2s, with -short 500ms)")
	flags.Int64Var(&o.budget.sagas, "sagas", 0, "in each round start at most `N` sagas (default no limit)")
	flags.IntVar(&o.unfinished, "unfinished", 0, "recover `N` sagas (default 100000, with -short 5000)")
	flags.IntVar(&o.finished, "finished", 0, "fill the store of the finished cases with `N` sagas (default 1000000)")
	flags.StringVar(&o.temporal, "temporal", os.Getenv("SAGA_BENCH_TEMPORAL"),
		"the `HOST:PORT` of a Temporal server (default $SAGA_BENCH_TEMPORAL)")
	err := flags.Parse(args)
	negative := o.rounds < 0 || o.budget.time < 0 || o.budget.sagas < 0 || o.unfinished < 0 || o.finished < 0
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintln(stderr, "usage: bench [flags]")
		flags.SetOutput(stderr)
		flags.PrintDefaults()
		return o, err
	case err == nil && flags.NArg() > 0:
		err = fmt.Errorf("unexpected argument %q: bench takes only flags, see bench -h", flags.Arg(0))
	case err == nil && negative:
		err = errors.New("a flag has a negative number, want 0 or more")
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

// run measures the cases or reads earlier results, and prints the results to
// stdout and the progress to stderr.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	cases := choose(allCases(), o.expression, o.short)
	if len(cases) == 0 {
		return usageError{fmt.Errorf("no case matches %q, see bench -list", o.expression)}
	}
	if o.list {
		for _, c := range cases {
			fmt.Fprintln(stdout, c.label())
		}
		return nil
	}
	results, resultsErr := o.results(ctx, cases, stderr)
	if resultsErr != nil && len(results) == 0 {
		return resultsErr
	}
	if o.json {
		err = writeJSON(stdout, results)
	} else {
		err = writeTable(stdout, results)
	}
	if err = errors.Join(resultsErr, err); err != nil || o.plot == "" {
		return err
	}
	return os.WriteFile(o.plot, drawPlot(results), 0o644)
}

// results reads the results of -from, or measures the cases. If it returns an
// error, it also returns the results before the error.
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
	env, err := newEnvironment()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, env.close()) }()
	env.temporal, env.postgresURL = o.temporal, os.Getenv(postgresVariable)
	env.unfinished, env.finished = o.unfinished, o.finished
	progress := func(round int, c *benchCase) {
		fmt.Fprintf(stderr, "round %d of %d: %s\n", round+1, o.rounds, c.label())
	}
	skip := func(reason error) { fmt.Fprintf(stderr, "%v\n", reason) }
	return runRounds(ctx, env, cases, o.rounds, o.budget, progress, skip)
}

// matching returns the results that -run selects.
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
