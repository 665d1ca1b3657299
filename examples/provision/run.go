package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path"
	"slices"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/sec"
)

type runFlags struct {
	injectErrors, injectUndoErrors []saga.NodePath
	quiet                          bool
	dumpTo, recoverFrom            string
}

func (p *program) parseRun(args []string) (runFlags, error) {
	var f runFlags
	flags := flag.NewFlagSet("provision run", flag.ContinueOnError)
	flags.SetOutput(p.stderr)
	nodes := func(list *[]saga.NodePath) func(string) error {
		return func(node string) error {
			*list = append(*list, saga.NodePath(node))
			return nil
		}
	}
	flags.Func("inject-error", "make `NODE` fail; may be repeated", nodes(&f.injectErrors))
	flags.Func("inject-undo-error", "make the undo of `NODE` fail; may be repeated", nodes(&f.injectUndoErrors))
	flags.BoolVar(&f.quiet, "quiet", false, "print only the log of --dump-to=- to standard output")
	flags.StringVar(&f.dumpTo, "dump-to", "", "after the run write the saga's log to `FILE`, or - for standard output")
	flags.StringVar(&f.recoverFrom, "recover-from", "",
		"recover the saga from the log in `FILE`, or - for standard input")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return f, err
	case err != nil:
		return f, usageError{err}
	}
	return f, noArguments(flags.Args())
}

// run runs a new saga, or recovers one from its log.
func (p *program) run(ctx context.Context, args []string) error {
	flags, err := p.parseRun(args)
	if err != nil {
		return err
	}
	out := p.stdout
	if flags.quiet {
		out = io.Discard
	}
	coordinator, err := newCoordinator(p.stderr)
	if err != nil {
		return err
	}
	defer coordinator.Stop(ctx)
	if err := coordinator.Start(); err != nil {
		return err
	}

	id := theID
	if flags.recoverFrom == "" {
		err = create(ctx, coordinator)
	} else {
		id, err = p.recover(ctx, coordinator, flags.recoverFrom, out)
	}
	if err != nil {
		return err
	}
	if err := inject(ctx, coordinator, id, flags, out); err != nil {
		return err
	}

	fmt.Fprintln(out, "*** running saga ***")
	if err := coordinator.StartCreated(ctx, id); err != nil {
		return err
	}
	handle, err := FindProvision(ctx, coordinator, id)
	if err != nil {
		return err
	}
	result, waitErr := handle.Wait(ctx)
	status, err := handle.Status(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "*** finished saga ***\n\n*** final state ***\n%s\n", status)
	if err := printResult(out, result, waitErr); err != nil {
		return err
	}
	if flags.dumpTo != "" {
		return p.dump(status.Log(), flags.dumpTo, out)
	}
	return nil
}

// recover imports the saga of a log, without starting it, and returns its ID.
func (p *program) recover(
	ctx context.Context, coordinator *sec.Coordinator, file string, out io.Writer,
) (saga.ID, error) {
	fmt.Fprintf(out, "recovering from log: %s\n", file)
	log, err := p.readLog(file)
	if err != nil {
		return saga.ID{}, err
	}
	if err := coordinator.Import(ctx, log); err != nil {
		return saga.ID{}, err
	}
	status, err := coordinator.Status(ctx, log.ID)
	if err != nil {
		return saga.ID{}, err
	}
	fmt.Fprintf(out, "recovered state\n%s\n\n", status)
	return log.ID, nil
}

func inject(ctx context.Context, coordinator *sec.Coordinator, id saga.ID, flags runFlags, out io.Writer) error {
	for _, node := range flags.injectErrors {
		if err := coordinator.Inject(ctx, id, node, sec.FailDo()); err != nil {
			return fmt.Errorf("--inject-error %q: %w", node, err)
		}
		fmt.Fprintf(out, "will inject error at node %q\n", node)
	}
	for _, node := range flags.injectUndoErrors {
		if err := coordinator.Inject(ctx, id, node, sec.FailUndo()); err != nil {
			return fmt.Errorf("--inject-undo-error %q: %w", node, err)
		}
		fmt.Fprintf(out, "will inject error at node %q undo action\n", node)
	}
	return nil
}

// printResult prints the result or the error of Wait. Of several failures it
// prints the one whose node comes first in the DAG, as their order in the log
// may differ from run to run.
func printResult(out io.Writer, result ProvisionResult, err error) error {
	var failed *saga.FailedError
	switch {
	case err == nil:
		fmt.Fprintf(out, "result: SUCCESS\nfinal output: %q\n", result.Print())
		return nil
	case !errors.As(err, &failed):
		return err
	}
	f, ok := first(failed.Failures, engine.EventFailed, engine.EventIndeterminate)
	if !ok { // an operator stopped the saga, so the log isn't from this program
		fmt.Fprintf(out, "result: %v\n", failed)
		return nil
	}
	fmt.Fprintf(out, "result: ACTION FAILURE\nfailed at node:    %q\nfailed with error: %s\n", nameOf(f), f.Err.Message)
	if f, ok := first(failed.Failures, engine.EventUndoFailed); ok {
		message := fmt.Sprintf("undo action attempt %d: %s", f.Err.Attempts, f.Err.Message)
		text, err := indented(map[string]string{"message": message})
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "FOLLOWED BY UNDO ACTION FAILURE\n"+
			"failed at node:    %q\nfailed with error: undo action failed permanently: %s", nameOf(f), text)
	}
	return nil
}

// first returns the failure of one of the kinds whose node comes first in the
// DAG.
func first(failures []saga.Failure, kinds ...engine.EventKind) (saga.Failure, bool) {
	var found []saga.Failure
	for _, f := range failures {
		if slices.Contains(kinds, f.Kind) {
			found = append(found, f)
		}
	}
	if len(found) == 0 {
		return saga.Failure{}, false
	}
	return slices.MinFunc(found, func(a, b saga.Failure) int { return position(a) - position(b) }), true
}

// position returns the position of a failed node in the DAG.
func position(f saga.Failure) int {
	node, err := ProvisionDAG().Find(f.Path)
	if err != nil {
		panic(err) // every failure is one of a node
	}
	return int(node)
}

// nameOf returns the name of the node without the names of its subsagas.
func nameOf(f saga.Failure) string { return path.Base(string(f.Path)) }

// dump writes the log to a file, or to stdout if file is "-".
func (p *program) dump(log *saga.Log, file string, out io.Writer) error {
	text, err := indented(log)
	if err != nil {
		return err
	}
	if file == "-" {
		if _, err := io.WriteString(p.stdout, text); err != nil {
			return err
		}
		fmt.Fprintln(out, "dumped log to stdout")
		return nil
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		return err
	}
	fmt.Fprintf(out, "dumped log to %q\n", file)
	return nil
}

func indented(v any) (string, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(v)
	return b.String(), err
}
