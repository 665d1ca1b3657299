package sec

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/internal/executor"
	"github.com/sagagen/sagagen/runtime/store"
)

// Operator is what an operator can do to sagas. Coordinator and Client have its methods. It makes no difference which process
// a saga runs in: a coordinator does what concerns its own sagas itself, and records the rest in their logs, where their owners meet it
// with their next write, or within Config.Poll.
//
// All but Delete are recorded in the saga's log, with who and why; when one returns nil, that is durable. Each may be repeated: what is done
// already is not done again, and the call returns nil.
//
// The errors wrap saga.ErrInvalidAudit if it isn't said who and why, saga.ErrNotFound, saga.ErrNodeNotFound,
// saga.ErrParked, saga.ErrShutdown, and saga.ErrWrongState if the saga or the node is in a state in which
// that can't be done.
type Operator struct {
	client storeClient
	// ask has the saga's owner do something, or amends the log in its place.
	submit func(ctx context.Context, id saga.ID, w command) error
	// unpark forgets that a saga is parked here, or was offered to others, if that was with another generation than given; with zero, anyhow. It
	// reports whether it has.
	unpark func(id saga.ID, except uint64) bool
}

// Cancel makes a saga unwind: nothing more starts, and what has run is undone. A call that waits for a limit isn't made any more. One that unwinds
// already does just that, and no output that is supplied later lets it run on. What is stuck or has ended can't be canceled.
func (o *Operator) Cancel(ctx context.Context, id saga.ID, audit saga.Audit) error {
	return o.record(ctx, id, saga.EventCanceled, "", audit)
}

// Pause keeps a saga from starting anything more, be it a do or an undo. What has started goes on, and is recorded, also if it waits for a
// limit or for its next attempt.
func (o *Operator) Pause(ctx context.Context, id saga.ID, audit saga.Audit) error {
	return o.record(ctx, id, saga.EventPaused, "", audit)
}

// Resume lets a saga go on that was paused.
func (o *Operator) Resume(ctx context.Context, id saga.ID, audit saga.Audit) error {
	return o.record(ctx, id, saga.EventResumed, "", audit)
}

// Step lets a paused saga start one do or undo. Until it has, another Step changes nothing.
func (o *Operator) Step(ctx context.Context, id saga.ID, audit saga.Audit) error {
	return o.record(ctx, id, saga.EventStepped, "", audit)
}

// SetBreakpoint keeps a node from starting until ClearBreakpoint. Other nodes go on. The node must not have started.
func (o *Operator) SetBreakpoint(ctx context.Context, id saga.ID, node saga.NodePath, audit saga.Audit) error {
	return o.record(ctx, id, saga.EventBreakpointSet, node, audit)
}

// ClearBreakpoint lets a node start that had a breakpoint.
func (o *Operator) ClearBreakpoint(ctx context.Context, id saga.ID, node saga.NodePath, audit saga.Audit) error {
	return o.record(ctx, id, saga.EventBreakpointCleared, node, audit)
}

// RetryUndo has the undo of a node called again that failed for good, with all the attempts that its policy gives, also if the
// saga is paused.
func (o *Operator) RetryUndo(ctx context.Context, id saga.ID, node saga.NodePath, audit saga.Audit) error {
	return o.record(ctx, id, saga.EventUndoRetried, node, audit)
}

// MarkUndone says that what a node did is undone, after its undo failed for good. The saga unwinds further.
func (o *Operator) MarkUndone(ctx context.Context, id saga.ID, node saga.NodePath, audit saga.Audit) error {
	return o.record(ctx, id, saga.EventMarkedUndone, node, audit)
}

// SupplyOutput says that a node is done which has failed, or whose outcome is unknown, and that order.Output is its output.
// If nothing else has failed, the saga runs on from there. The JSON is kept in the form that encoding/json gives it. It must be paused or stuck, and no other undo may
// have started.
func (o *Operator) SupplyOutput(ctx context.Context, id saga.ID, node saga.NodePath, audit saga.Audit) error {
	if len(audit.Output) == 0 {
		return fmt.Errorf("saga %s: %w: it has no output", id, saga.ErrInvalidAudit)
	}
	if size := len(audit.Output); size > o.client.config.MaxPayload {
		return fmt.Errorf("saga %s: %w: an output of %d bytes, Config.MaxPayload is %d", id, saga.ErrTooLarge, size, o.client.config.MaxPayload)
	}
	if canonical, err := json.Marshal(audit.Output); err == nil { // or else Check says what is wrong
		audit.Output = canonical
	}
	return o.record(ctx, id, saga.EventOutputSupplied, node, audit)
}

// Abandon gives a saga up as it is, which is final. It must be paused, stuck or parked. A call that is under way isn't broken off, but what it comes to is
// not recorded, and it isn't repeated.
func (o *Operator) Abandon(ctx context.Context, id saga.ID, audit saga.Audit) error {
	err := o.record(ctx, id, saga.EventAbandoned, "", audit)
	if errors.Is(err, saga.ErrParked) {
		return o.abandonParked(ctx, id, audit)
	}
	return err
}

// record records what an operator did, unless there is nothing to do any more.
func (o *Operator) record(ctx context.Context, id saga.ID, kind saga.EventKind, path saga.NodePath, audit saga.Audit) error {
	payload, err := auditPayload(id, kind, audit)
	if err != nil {
		return err
	}
	do := func(j *journal) error {
		node, err := commandNode(j.dag.DAG, path)
		if err != nil || isApplied(j.machine, kind, node, audit) {
			return err
		}
		if err := j.tryApply(node, kind, payload); err != nil {
			return fmt.Errorf("saga %s: %w: %w", id, saga.ErrWrongState, err)
		}
		return nil
	}
	return o.submit(ctx, id, command{do, func(record store.Record) error {
		return o.alreadyRecorded(ctx, record, kind, path)
	}})
}

// orderPayload returns an order as it is recorded.
func auditPayload(id saga.ID, kind saga.EventKind, audit saga.Audit) (json.RawMessage, error) {
	if err := audit.Check(); err != nil {
		return nil, fmt.Errorf("saga %s: %w", id, err)
	}
	if kind != saga.EventOutputSupplied {
		audit.Output = nil
	}
	payload, err := json.Marshal(audit)
	if err != nil {
		return nil, fmt.Errorf("saga %s: %w: %w", id, saga.ErrInvalidAudit, err)
	}
	return payload, nil
}

// isDone reports whether a saga is as if the order had been carried out already.
func isApplied(m *executor.Machine, kind saga.EventKind, node saga.NodeID, audit saga.Audit) bool {
	switch kind {
	case saga.EventCanceled:
		return m.Canceled()
	case saga.EventPaused:
		return m.Paused()
	case saga.EventResumed:
		return !m.Paused()
	case saga.EventStepped:
		return m.Stepping()
	case saga.EventBreakpointSet:
		return m.Breakpoint(node)
	case saga.EventBreakpointCleared:
		return !m.Breakpoint(node)
	case saga.EventUndoRetried:
		return m.Node(node) == saga.NodeUndoStarted || m.Node(node) == saga.NodeUndone
	case saga.EventMarkedUndone:
		return m.Node(node) == saga.NodeUndone
	case saga.EventOutputSupplied:
		return m.Node(node) == saga.NodeSucceeded && bytes.Equal(m.Outputs()[node], audit.Output)
	case saga.EventAbandoned:
		return m.State() == saga.StateAbandoned
	}
	return false
}

// orderedNode returns the node that an order is about; the start node for the whole saga.
func commandNode(dag *saga.DAG, path saga.NodePath) (saga.NodeID, error) {
	if path == "" {
		return dag.Start(), nil
	}
	return dag.Find(path)
}

// recordedBefore answers an order for a saga that is final: nil if the log has it.
func (o *Operator) alreadyRecorded(ctx context.Context, record store.Record, kind saga.EventKind, path saga.NodePath) error {
	if kind == saga.EventAbandoned && record.State == saga.StateAbandoned {
		return nil // its log may be unreadable
	}
	status, err := o.client.status(ctx, record)
	if err != nil {
		return err
	}
	node, err := commandNode(status.DAG.DAG, path)
	if err != nil {
		return err
	}
	for _, e := range status.Events {
		if e.Kind == kind && e.Node == node {
			return nil
		}
	}
	return fmt.Errorf("saga %s: %w: it is %s", record.ID, saga.ErrWrongState, record.State)
}

// abandonParked abandons a saga that no machine can be made of, or that this coordinator's code doesn't fit.
func (o *Operator) abandonParked(ctx context.Context, id saga.ID, audit saga.Audit) error {
	payload, err := auditPayload(id, saga.EventAbandoned, audit)
	if err != nil {
		return err
	}
	for {
		record, err := o.client.load(ctx, id)
		switch {
		case err != nil:
			return err
		case record.State.Final():
			o.unpark(id, 0)
			return o.alreadyRecorded(ctx, record, saga.EventAbandoned, "")
		case o.unpark(id, record.Generation): // another coordinator has taken it since, whose code may fit
			return o.Abandon(ctx, id, audit)
		}
		err = o.client.withStore(ctx, func(ctx context.Context, st store.Store) error {
			return st.Append(ctx, store.Append{
				ID: id, Generation: record.Generation, Seq: record.NextSeq, State: saga.StateAbandoned, Notify: record.Owner != "",
				Events: []saga.Event{{Seq: record.NextSeq, Kind: saga.EventAbandoned, Payload: payload, At: now()}},
			})
		})
		switch {
		case err == nil:
			o.unpark(id, 0)
			return nil
		case !errors.Is(err, store.ErrFenced) && !errors.Is(err, store.ErrSequence):
			return fmt.Errorf("saga %s: abandon: %w", id, err)
		}
	}
}

// Delete removes a saga that is final, and its log. The error wraps saga.ErrNotFound, or saga.ErrWrongState if it isn't final.
func (o *Operator) Delete(ctx context.Context, id saga.ID) error {
	err := o.client.withStore(ctx, func(ctx context.Context, st store.Store) error { return st.Delete(ctx, id) })
	switch {
	case errors.Is(err, store.ErrNotFound):
		return fmt.Errorf("saga %s: %w", id, saga.ErrNotFound)
	case errors.Is(err, store.ErrNotFinal):
		return fmt.Errorf("saga %s: delete: %w: cancel or abandon it first", id, saga.ErrWrongState)
	case err != nil:
		return fmt.Errorf("saga %s: delete: %w", id, err)
	}
	return nil
}
