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

// The methods of this file are what an operator can do to a saga. Each is recorded in the saga's log, with who
// and why; when one returns nil, that is durable. Each may be repeated: what is done
// already is not done again, and the call returns nil.
//
// The errors wrap saga.ErrBadOrder if it isn't said who and why, saga.ErrNoSuchSaga, saga.ErrNoSuchNode,
// saga.ErrParked, saga.ErrShutdown, and saga.ErrWrongState if the saga or the node is in a state in which
// that can't be done, or another coordinator has the saga.

// Cancel makes a saga unwind: nothing more starts, and what has run is undone. A saga that unwinds already
// does just that. A saga that has succeeded can't be canceled.
func (c *Coordinator) Cancel(ctx context.Context, id saga.ID, order saga.Order) error {
	return c.order(ctx, id, saga.EventCanceled, "", order, func(m *executor.Machine, _ saga.NodeID) bool {
		return m.Canceled() || m.State() == saga.StateUnwinding
	})
}

// Pause keeps a saga from starting anything more, be it a do or an undo. What runs goes on, and is recorded.
func (c *Coordinator) Pause(ctx context.Context, id saga.ID, order saga.Order) error {
	return c.order(ctx, id, saga.EventPaused, "", order, func(m *executor.Machine, _ saga.NodeID) bool { return m.Paused() })
}

// Unpause lets a saga go on that was paused.
func (c *Coordinator) Unpause(ctx context.Context, id saga.ID, order saga.Order) error {
	return c.order(ctx, id, saga.EventUnpaused, "", order, func(m *executor.Machine, _ saga.NodeID) bool { return !m.Paused() })
}

// Step lets a paused saga start one do or undo. Until it has, another Step changes nothing.
func (c *Coordinator) Step(ctx context.Context, id saga.ID, order saga.Order) error {
	return c.order(ctx, id, saga.EventStepped, "", order, func(m *executor.Machine, _ saga.NodeID) bool { return m.Stepping() })
}

// SetBreakpoint keeps a node from starting until ClearBreakpoint. Other nodes go on. The node must not have started.
func (c *Coordinator) SetBreakpoint(ctx context.Context, id saga.ID, node saga.NodePath, order saga.Order) error {
	return c.order(ctx, id, saga.EventBreakpointSet, node, order, func(m *executor.Machine, n saga.NodeID) bool { return m.Breakpoint(n) })
}

// ClearBreakpoint lets a node start that had a breakpoint.
func (c *Coordinator) ClearBreakpoint(ctx context.Context, id saga.ID, node saga.NodePath, order saga.Order) error {
	return c.order(ctx, id, saga.EventBreakpointCleared, node, order, func(m *executor.Machine, n saga.NodeID) bool { return !m.Breakpoint(n) })
}

// RetryUndo has the undo of a node called again that failed for good, with all the attempts that its policy gives, also if the
// saga is paused.
func (c *Coordinator) RetryUndo(ctx context.Context, id saga.ID, node saga.NodePath, order saga.Order) error {
	return c.order(ctx, id, saga.EventUndoRetried, node, order, func(m *executor.Machine, n saga.NodeID) bool {
		return m.Node(n) == saga.NodeUndoStarted || m.Node(n) == saga.NodeUndone
	})
}

// MarkUndone says that what a node did is undone, after its undo failed for good. The saga unwinds further.
func (c *Coordinator) MarkUndone(ctx context.Context, id saga.ID, node saga.NodePath, order saga.Order) error {
	return c.order(ctx, id, saga.EventMarkedUndone, node, order, func(m *executor.Machine, n saga.NodeID) bool {
		return m.Node(n) == saga.NodeUndone
	})
}

// SupplyOutput says that a node is done which has failed, or whose outcome is unknown, and that order.Output is its output.
// If nothing else has failed, the saga runs on from there. The JSON is kept in the form that encoding/json gives it. It must be paused or stuck, and no other undo may
// have started.
func (c *Coordinator) SupplyOutput(ctx context.Context, id saga.ID, node saga.NodePath, order saga.Order) error {
	if len(order.Output) == 0 {
		return fmt.Errorf("saga %s: %w: it has no output", id, saga.ErrBadOrder)
	}
	if size := len(order.Output); size > c.config.MaxPayload {
		return fmt.Errorf("saga %s: %w: an output of %d bytes, Config.MaxPayload is %d", id, saga.ErrTooLarge, size, c.config.MaxPayload)
	}
	if canonical, err := json.Marshal(order.Output); err == nil { // or else Check says what is wrong
		order.Output = canonical
	}
	return c.order(ctx, id, saga.EventOutputSupplied, node, order, func(m *executor.Machine, n saga.NodeID) bool {
		return m.Node(n) == saga.NodeSucceeded && bytes.Equal(m.Outputs()[n], order.Output)
	})
}

// Abandon gives a saga up as it is, which is final. It must be paused, stuck or parked.
func (c *Coordinator) Abandon(ctx context.Context, id saga.ID, order saga.Order) error {
	err := c.order(ctx, id, saga.EventAbandoned, "", order, func(m *executor.Machine, _ saga.NodeID) bool {
		return m.State() == saga.StateAbandoned
	})
	if errors.Is(err, saga.ErrParked) {
		return c.abandonParked(ctx, id, order)
	}
	return err
}

// order records what an operator did, unless already says that there's nothing to do.
func (c *Coordinator) order(ctx context.Context, id saga.ID, kind saga.EventKind, path saga.NodePath, order saga.Order,
	already func(*executor.Machine, saga.NodeID) bool) error {
	if err := order.Check(); err != nil {
		return fmt.Errorf("saga %s: %w", id, err)
	}
	if kind != saga.EventOutputSupplied {
		order.Output = nil
	}
	payload, err := json.Marshal(order)
	if err != nil {
		return fmt.Errorf("saga %s: %w: %w", id, saga.ErrBadOrder, err)
	}
	do := func(s *instance) error {
		node, err := orderedNode(s.dag.DAG, path)
		if err != nil || already(s.machine, node) {
			return err
		}
		if err := s.tryApply(node, kind, payload); err != nil {
			return fmt.Errorf("saga %s: %w: %w", id, saga.ErrWrongState, err)
		}
		return nil
	}
	return c.ask(ctx, id, do, func(record store.Record) error {
		return c.orderedBefore(ctx, record, kind, path)
	})
}

// orderedNode returns the node that an order is about; the start node for the whole saga.
func orderedNode(dag *saga.DAG, path saga.NodePath) (saga.NodeID, error) {
	if path == "" {
		return dag.Start(), nil
	}
	return dag.Find(path)
}

// orderedBefore answers an order for a saga that is final: nil if the log has it.
func (c *Coordinator) orderedBefore(ctx context.Context, record store.Record, kind saga.EventKind, path saga.NodePath) error {
	if kind == saga.EventAbandoned && record.State == saga.StateAbandoned {
		return nil // its log may be unreadable
	}
	status, err := c.stored(ctx, record)
	if err != nil {
		return err
	}
	node, err := orderedNode(status.DAG.DAG, path)
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

// abandonParked abandons a saga that no machine can be made of.
func (c *Coordinator) abandonParked(ctx context.Context, id saga.ID, order saga.Order) error {
	s := c.lookup(id)
	if s == nil { // it has just been abandoned, or taken over
		return c.order(ctx, id, saga.EventAbandoned, "", order, func(*executor.Machine, saga.NodeID) bool { return false })
	}
	order.Output = nil
	payload, err := json.Marshal(order)
	if err != nil {
		return fmt.Errorf("saga %s: %w: %w", id, saga.ErrBadOrder, err)
	}
	err = c.withStore(ctx, func(ctx context.Context, st store.Store) error {
		record, err := st.Load(ctx, id)
		if err != nil {
			return err
		}
		return st.Append(ctx, store.Append{
			ID: id, Generation: s.generation, Seq: record.NextSeq, State: saga.StateAbandoned,
			Events: []saga.Event{{Seq: record.NextSeq, Kind: saga.EventAbandoned, Payload: payload, At: now()}},
		})
	})
	switch {
	case errors.Is(err, store.ErrFenced):
		c.release(s)
		return fmt.Errorf("saga %s: %w: another coordinator has it", id, saga.ErrWrongState)
	case errors.Is(err, store.ErrSequence): // somebody has just done it
		c.release(s)
		return c.Abandon(ctx, id, order)
	case err != nil:
		return fmt.Errorf("saga %s: abandon: %w", id, err)
	}
	c.release(s)
	return nil
}

// Delete removes a saga that is final, and its log. The error wraps saga.ErrNoSuchSaga, or saga.ErrWrongState if it isn't final.
func (c *Coordinator) Delete(ctx context.Context, id saga.ID) error {
	err := c.withStore(ctx, func(ctx context.Context, st store.Store) error { return st.Delete(ctx, id) })
	switch {
	case errors.Is(err, store.ErrNotFound):
		return fmt.Errorf("saga %s: %w", id, saga.ErrNoSuchSaga)
	case errors.Is(err, store.ErrNotFinal):
		return fmt.Errorf("saga %s: delete: %w: cancel or abandon it first", id, saga.ErrWrongState)
	case err != nil:
		return fmt.Errorf("saga %s: delete: %w", id, err)
	}
	return nil
}
