package sec

import (
	"context"
	"errors"
	"fmt"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/internal/fold"
	"github.com/sagagen/sagagen/runtime/store"
)

// Operator has the operator commands. Coordinator and Client embed it. The
// commands work in whatever process a saga runs: a coordinator applies those
// for its own sagas itself. It appends those for other sagas to their logs, and
// the owners find them with their next append, or within Config.Poll.
//
// All commands but Delete are recorded in the saga's log, with the audit of who
// and why. When a command returns nil, it is durable. Each command may be
// repeated: if it has been applied already, the call does nothing and returns
// nil.
//
// The errors wrap saga.ErrInvalidAudit if the audit is incomplete,
// saga.ErrNotFound, saga.ErrNodeNotFound, saga.ErrParked, saga.ErrShutdown, and
// saga.ErrWrongState if the state of the saga or the node doesn't allow the
// command.
type Operator struct {
	client storeClient
	// submit has the saga's owner apply a command, or appends it to the log.
	submit func(ctx context.Context, id saga.ID, cmd command) error
	// unpark forgets that a saga is parked here or was handed off, unless its
	// generation is except; an except of 0 matches none. It reports whether
	// there was something to forget.
	unpark func(id saga.ID, except uint64) bool
}

// Cancel makes a saga unwind: nothing more starts, and what has run is undone.
// A do that waits for a limit is not called. Cancel does nothing to a saga that
// unwinds already, except that an output that is supplied later doesn't let it
// run again. A stuck or finished saga can't be canceled.
func (o *Operator) Cancel(ctx context.Context, id saga.ID, audit saga.Audit) error {
	return o.record(ctx, id, saga.EventCanceled, "", audit)
}

// Pause keeps a saga from starting any do or undo. What has started continues
// and is recorded, even if it waits for a limit or for its next attempt.
func (o *Operator) Pause(ctx context.Context, id saga.ID, audit saga.Audit) error {
	return o.record(ctx, id, saga.EventPaused, "", audit)
}

// Resume resumes a paused saga.
func (o *Operator) Resume(ctx context.Context, id saga.ID, audit saga.Audit) error {
	return o.record(ctx, id, saga.EventResumed, "", audit)
}

// Step lets a paused saga start one do or undo. Until it has started one,
// further Steps change nothing.
func (o *Operator) Step(ctx context.Context, id saga.ID, audit saga.Audit) error {
	return o.record(ctx, id, saga.EventStepped, "", audit)
}

// SetBreakpoint keeps a node from starting until ClearBreakpoint. Other nodes
// continue. The node must not have started.
func (o *Operator) SetBreakpoint(ctx context.Context, id saga.ID, node saga.NodePath, audit saga.Audit) error {
	return o.record(ctx, id, saga.EventBreakpointSet, node, audit)
}

// ClearBreakpoint lets a node with a breakpoint start.
func (o *Operator) ClearBreakpoint(ctx context.Context, id saga.ID, node saga.NodePath, audit saga.Audit) error {
	return o.record(ctx, id, saga.EventBreakpointCleared, node, audit)
}

// RetryUndo calls the undo of a node again after it has failed permanently,
// with all attempts of its policy. It does so even if the saga is paused.
func (o *Operator) RetryUndo(ctx context.Context, id saga.ID, node saga.NodePath, audit saga.Audit) error {
	return o.record(ctx, id, saga.EventUndoRetried, node, audit)
}

// MarkUndone records that the effect of a node is undone, after its undo has
// failed permanently. The saga continues to unwind.
func (o *Operator) MarkUndone(ctx context.Context, id saga.ID, node saga.NodePath, audit saga.Audit) error {
	return o.record(ctx, id, saga.EventMarkedUndone, node, audit)
}

// SupplyOutput records that a node which has failed, or whose outcome is
// unknown, has succeeded, and that audit.Output is its output. If no other node
// has failed, the saga resumes from there. The output is kept in the form in
// which encoding/json writes it. The saga must be paused or stuck, and no other
// undo may have started. The error also wraps saga.ErrTooLarge if the output
// exceeds Config.MaxPayload.
func (o *Operator) SupplyOutput(ctx context.Context, id saga.ID, node saga.NodePath, audit saga.Audit) error {
	if size, most := len(audit.Output), o.client.config.MaxPayload; size > most {
		return fmt.Errorf("saga %s: %w: an output of %d bytes, Config.MaxPayload is %d",
			id, saga.ErrTooLarge, size, most)
	}
	return o.record(ctx, id, saga.EventOutputSupplied, node, audit)
}

// Abandon gives a saga up as it is, which is final. The saga must be paused,
// stuck or parked. A call that is in flight is not interrupted, but its outcome
// is not recorded, and it is not repeated.
func (o *Operator) Abandon(ctx context.Context, id saga.ID, audit saga.Audit) error {
	err := o.record(ctx, id, saga.EventAbandoned, "", audit)
	if errors.Is(err, saga.ErrParked) {
		return o.abandonParked(ctx, id, audit)
	}
	return err
}

// record submits a command that is recorded as an event of that kind.
func (o *Operator) record(
	ctx context.Context, id saga.ID, kind saga.EventKind, path saga.NodePath, audit saga.Audit,
) error {
	cmd, err := fold.NewCommand(id, kind, path, audit)
	if err != nil {
		return err
	}
	return o.submit(ctx, id, command{
		apply:   func(j *journal) error { return j.applyCommand(cmd) },
		onFinal: func(record store.Record) error { return o.alreadyRecorded(ctx, record, cmd) },
	})
}

// alreadyRecorded returns the result of a command for a finished saga: nil if
// the log has the command.
func (o *Operator) alreadyRecorded(ctx context.Context, record store.Record, cmd *fold.Command) error {
	if cmd.Kind() == saga.EventAbandoned && record.State == saga.StateAbandoned {
		return nil // its log may be unreadable
	}
	status, err := o.client.status(ctx, record)
	if err != nil {
		return err
	}
	return cmd.Recorded(status)
}

// abandonParked abandons a saga whose log can't be replayed, or that this
// coordinator's code doesn't fit.
func (o *Operator) abandonParked(ctx context.Context, id saga.ID, audit saga.Audit) error {
	cmd, err := fold.NewCommand(id, saga.EventAbandoned, "", audit)
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
			return o.alreadyRecorded(ctx, record, cmd)
		// Another coordinator, whose code may fit, has claimed it since.
		case o.unpark(id, record.Generation):
			return o.Abandon(ctx, id, audit)
		}
		err = o.client.withStore(ctx, func(ctx context.Context, st store.Store) error {
			return st.Append(ctx, store.Append{
				ID: id, Generation: record.Generation, Seq: record.NextSeq,
				State: saga.StateAbandoned, Notify: record.Owner != "",
				Events: []saga.Event{{Seq: record.NextSeq, Kind: cmd.Kind(), Payload: cmd.Payload(), At: now()}},
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

// Delete removes a finished saga and its log. It needs no audit. The error
// wraps saga.ErrNotFound, or saga.ErrWrongState if the saga is not finished.
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
