// Command provision runs a saga that pretends to provision a virtual machine.
// It shows how a saga runs, fails, is undone, gets stuck, and is recovered from
// its log:
//
//	provision run
//	provision run --inject-error=instance_boot
//	provision run --inject-error=instance_boot --inject-undo-error=instance_id
//	provision run --quiet --dump-to=saga.log
//	provision run --recover-from=saga.log
//
// It is a port of the demonstration of steno, the Rust library that this
// project descends from, and prints the same output.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/sec"
)

const usage = `usage: provision <command>

commands:
  dot             print the saga's DAG, for Graphviz
  info            print the saga's DAG and its initial state
  print-log FILE  print the log of an earlier run
  run             run the saga; for its flags see provision run -h

FILE may be - for standard input.
`

func main() {
	p := &program{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}
	os.Exit(p.main(os.Args[1:]))
}

type program struct {
	stdin          io.Reader
	stdout, stderr io.Writer
}

// main returns the exit status. It is 0 also if the saga fails, as it does with
// --inject-error.
func (p *program) main(args []string) int {
	if len(args) == 0 {
		fmt.Fprint(p.stderr, usage)
		return 2
	}
	commands := map[string]func(context.Context, []string) error{
		"dot":       p.dot,
		"info":      p.info,
		"print-log": p.printLog,
		"run":       p.run,
	}
	command, ok := commands[args[0]]
	switch {
	case args[0] == "help", args[0] == "-h", args[0] == "--help":
		fmt.Fprint(p.stdout, usage)
		return 0
	case !ok:
		fmt.Fprintf(p.stderr, "provision: unknown command %q\n\n%s", args[0], usage)
		return 2
	}
	err := command(context.Background(), args[1:])
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return 0
	}
	fmt.Fprintf(p.stderr, "provision %s: %v\n", args[0], err)
	if errors.As(err, new(usageError)) {
		return 2
	}
	return 1
}

// usageError is an error in the arguments.
type usageError struct{ error }

func noArguments(args []string) error {
	if len(args) > 0 {
		return usageError{fmt.Errorf("unexpected arguments: %q", args)}
	}
	return nil
}

func (p *program) dot(_ context.Context, args []string) error {
	if err := noArguments(args); err != nil {
		return err
	}
	fmt.Fprintln(p.stdout, ProvisionDAG().DOT())
	return nil
}

func (p *program) info(ctx context.Context, args []string) error {
	if err := noArguments(args); err != nil {
		return err
	}
	coordinator, err := newCoordinator(p.stderr)
	if err != nil {
		return err
	}
	defer coordinator.Stop(ctx)
	if err := create(ctx, coordinator); err != nil {
		return err
	}
	status, err := coordinator.Status(ctx, theID)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "*** saga dag definition ***\nsaga graph: \n%s\n", status.DAG.DOT())
	fmt.Fprintf(p.stdout, "*** initial state ***\n%s\n", status)
	return nil
}

func (p *program) printLog(_ context.Context, args []string) error {
	if len(args) != 1 {
		return usageError{fmt.Errorf("found arguments %q, want one FILE with a log, or - for standard input", args)}
	}
	log, err := p.readLog(args[0])
	if err != nil {
		return err
	}
	fmt.Fprintln(p.stdout, log)
	return nil
}

// readLog reads a log that run --dump-to wrote.
func (p *program) readLog(file string) (*saga.Log, error) {
	var text []byte
	var err error
	if file == "-" {
		text, err = io.ReadAll(p.stdin)
	} else {
		text, err = os.ReadFile(file)
	}
	if err != nil {
		return nil, err
	}
	log := new(saga.Log)
	if err := json.Unmarshal(text, log); err != nil {
		return nil, fmt.Errorf("log %q: %w", file, err)
	}
	return log, nil
}

// theID is constant, so that the output of this program is too.
var theID = saga.ID{
	0x04, 0x9b, 0x25, 0x22, 0x30, 0x8d, 0x44, 0x2e,
	0xbc, 0x65, 0x9b, 0xfa, 0xef, 0x86, 0x35, 0x97,
}

// newCoordinator returns a coordinator with an in-memory store.
func newCoordinator(stderr io.Writer) (*sec.Coordinator, error) {
	logger := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	return sec.New(sec.Config{Registry: NewRegistry(), Logger: logger})
}

// create creates the saga without starting it, so that errors can be injected
// first.
func create(ctx context.Context, coordinator *sec.Coordinator) error {
	dag, err := saga.NewSagaDAG(ProvisionDAG(), Provision{
		InstanceName:      "fake-o instance",
		NumberOfInstances: 1,
	})
	if err != nil {
		return err
	}
	return coordinator.Create(ctx, theID, dag)
}
