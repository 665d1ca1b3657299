package sec

import (
	"context"
	"errors"
	"fmt"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/internal/executor"
)

// Fault is what Coordinator.Inject makes happen at a node. Make one with
// FailDo, FailUndo or Repeat; the zero Fault is not valid.
type Fault struct {
	injections [2]injection // by saga.Direction
	err        error        // why the fault is not valid
}

// injection is what happens in one direction in place of a single call of the
// action. The zero injection changes nothing.
type injection struct {
	fail  bool
	calls int // how often the action is called, if more than once
}

// FailDo returns a fault that makes a node fail. Its do function is not called.
// The failure is permanent and leaves nothing to undo.
func FailDo() Fault {
	return Fault{injections: [2]injection{saga.Do: {fail: true}}}
}

// FailUndo returns a fault that makes the undo of a node fail, so that the saga
// becomes stuck. The undo function is not called.
func FailUndo() Fault {
	return Fault{injections: [2]injection{saga.Undo: {fail: true}}}
}

// Repeat returns a fault that calls functions again after they have succeeded,
// as after a crash before their outcomes were recorded: the do function is
// called do times in all, and the undo function undo times. Both numbers must
// be at least 1. All calls have to succeed. The output of the last call is
// recorded.
func Repeat(do, undo int) Fault {
	if do < 1 || undo < 1 {
		return Fault{err: fmt.Errorf("repeat: %d calls to do and %d to undo, want at least 1 of each", do, undo)}
	}
	return Fault{injections: [2]injection{saga.Do: {calls: do}, saga.Undo: {calls: undo}}}
}

// Inject makes a fault happen at a node of a saga. It is for tests and
// demonstrations. The fault is not recorded: it lasts as long as this
// coordinator has the saga in memory. A later fault replaces an earlier one of
// the same function.
//
// The error wraps saga.ErrNotFound if there is no such saga,
// saga.ErrNodeNotFound if it has no such node, and saga.ErrWrongState if the
// node runs no action or its function has been called already, or if this
// coordinator doesn't have the saga in memory.
func (c *Coordinator) Inject(ctx context.Context, id saga.ID, node saga.NodePath, fault Fault) error {
	switch {
	case fault.err != nil:
		return fmt.Errorf("saga %s: inject: %w", id, fault.err)
	case fault == Fault{}:
		return fmt.Errorf("saga %s: inject: %w", id, errZeroFault)
	}
	status, err := c.Status(ctx, id)
	if err != nil {
		return err
	}
	index, err := status.DAG.Find(node)
	if err != nil {
		return err
	}
	s := c.lookup(id)
	if s == nil {
		return fmt.Errorf("saga %s: inject: %w: its state is %s, and this coordinator doesn't run it",
			id, saga.ErrWrongState, status.State)
	}
	if kind := status.DAG.Kind(index); kind != engine.KindAction {
		return fmt.Errorf("saga %s: inject: node %q: %w: a %s runs no action",
			id, status.DAG.Path(index), saga.ErrWrongState, kind)
	}
	state := status.Nodes[index].State
	// A call that has started according to the log, and has no outcome, is
	// repeated when the saga is started.
	repeated := func(s engine.NodeState) bool { return state == s && !status.Active }
	for direction, i := range fault.injections {
		if i == (injection{}) {
			continue
		}
		if saga.Direction(direction) == saga.Do && state != engine.NodePending && !repeated(engine.NodeStarted) ||
			state == engine.NodeFailed || state > engine.NodeIndeterminate && !repeated(engine.NodeUndoStarted) {
			return fmt.Errorf("saga %s: inject: node %q: %w: its state is %s",
				id, status.DAG.Path(index), saga.ErrWrongState, state)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.injected == nil {
		s.injected = map[executor.Task]injection{}
	}
	for direction, i := range fault.injections {
		if i != (injection{}) {
			s.injected[executor.Task{Node: index, Direction: saga.Direction(direction)}] = i
		}
	}
	return nil
}

var errZeroFault = errors.New("zero Fault; make one with FailDo, FailUndo or Repeat")

// injection returns what was injected for a task.
func (s *execution) injection(t executor.Task) injection {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.injected[t]
}
