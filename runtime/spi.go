package saga

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"

	"github.com/sagagen/sagagen/runtime/engine"
)

// This file contains what only engines and stores call. An engine is a package
// that runs sagas, such as package sec.

// Call describes one call of an action. An engine makes it; the action sees it
// through an ActionContext.
type Call struct {
	ID        ID
	DAG       *SagaDAG
	Node      engine.NodeID
	Direction Direction
	// Attempt counts the attempts of this process from 1.
	Attempt int
	// Recovered says that the saga was recovered after a crash, and an earlier
	// process had started this task without recording its outcome.
	Recovered bool
	// App is the application context of the action; see Registry.Register.
	App any
	// Logger is the base of ActionContext.Logger. It must not be nil.
	Logger *slog.Logger
	// Outputs holds the output of each ancestor of the node, indexed by NodeID.
	// Other elements are not read.
	Outputs []json.RawMessage
	// Output is the node's own output if Direction is Undo. It is nil if the
	// output is unknown.
	Output json.RawMessage
}

// Context returns the context that the action gets. The caller must not change
// the call afterwards.
func (c *Call) Context(ctx context.Context) ActionContext {
	return ActionContext{Context: ctx, call: c}
}

// Outputs returns the outputs of a saga that has succeeded. values holds the
// output of each node as JSON, in the order of the DAG.
func (d *DAG) Outputs(values []json.RawMessage) Outputs { return Outputs{dag: d, values: values} }

// NewActionError returns the form in which the log records an error of an
// action, after that number of attempts.
func NewActionError(err error, reason Reason, attempts int) *ActionError {
	e := &ActionError{Message: errorText(err), Reason: reason, Attempts: attempts}
	left := maxErrors
	e.collect(err, &left)
	return e
}

// Parts returns d in the form in which stores keep it: its JSON without the
// parameters, and the parameters. All sagas with the same DAG and shapes share
// the first part. WithParams combines both again. The caller must change
// neither.
func (d *SagaDAG) Parts() (dag, params []byte, err error) {
	if d.DAG == nil {
		return nil, nil, errNoDAG
	}
	p := d.partsCache.Load()
	if p == nil || !bytes.Equal(p.shapes, d.shapes) {
		p = &encodedParts{shapes: d.shapes, dag: d.jsonWith(nil)}
		d.partsCache.Store(p)
	}
	return p.dag, d.params, nil
}

// WithParams returns d with the given parameters, which are JSON, in place of
// its own. Both share one DAG. WithParams returns an error if params is not
// JSON.
func (d *SagaDAG) WithParams(params []byte) (*SagaDAG, error) {
	compacted, err := compact(params)
	if err != nil {
		return nil, fmt.Errorf("saga DAG %q: parameters: %w", d.name, err)
	}
	with := *d
	with.params = compacted
	return &with, nil
}
