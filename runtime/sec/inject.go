package sec

import (
	"context"
	"fmt"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/internal/executor"
)

// What is injected is for tests and demonstrations. It lasts as long as this coordinator has the saga, and is not recorded.
//
// The errors wrap saga.ErrNodeNotFound; and saga.ErrWrongState if the node has been called or runs no action, or if the
// saga is not one that this coordinator has created or runs.

// injection is what happens in place of calling an action once.
type injection struct {
	fail   bool
	repeat int // how often it is called, if more than once
}

// InjectError makes the node fail in place of calling its do function.
func (c *Coordinator) InjectError(ctx context.Context, id saga.ID, node saga.NodePath) error {
	return c.inject(ctx, id, node, map[saga.Direction]injection{saga.Do: {fail: true}})
}

// InjectUndoError makes the undo of the node fail for good in place of calling its undo
// function.
func (c *Coordinator) InjectUndoError(ctx context.Context, id saga.ID, node saga.NodePath) error {
	return c.inject(ctx, id, node, map[saga.Direction]injection{saga.Undo: {fail: true}})
}

// InjectRepeat makes each successful attempt to do the node be followed by further calls until there were do of them, and so
// each to undo it until there were undo, as after a crash at the worst moment. All calls have to succeed; the output of the last one counts.
// Both numbers are at least 1.
func (c *Coordinator) InjectRepeat(ctx context.Context, id saga.ID, node saga.NodePath, do, undo int) error {
	repetitions, err := repetitions(id, do, undo)
	if err != nil {
		return err
	}
	return c.inject(ctx, id, node, repetitions)
}

// InjectRepeatAt is InjectRepeat for a node that is given by its index.
func (c *Coordinator) InjectRepeatAt(ctx context.Context, id saga.ID, node saga.NodeID, do, undo int) error {
	repetitions, err := repetitions(id, do, undo)
	if err != nil {
		return err
	}
	return c.injectAt(ctx, id, node, repetitions)
}

func repetitions(id saga.ID, do, undo int) (map[saga.Direction]injection, error) {
	if do < 1 || undo < 1 {
		return nil, fmt.Errorf("saga %s: inject a repetition: %d calls to do and %d to undo, want at least 1", id, do, undo)
	}
	return map[saga.Direction]injection{saga.Do: {repeat: do}, saga.Undo: {repeat: undo}}, nil
}

// InjectErrorAt is InjectError for a node that is given by its index.
func (c *Coordinator) InjectErrorAt(ctx context.Context, id saga.ID, node saga.NodeID) error {
	return c.injectAt(ctx, id, node, map[saga.Direction]injection{saga.Do: {fail: true}})
}

// InjectUndoErrorAt is InjectUndoError for a node that is given by its index.
func (c *Coordinator) InjectUndoErrorAt(ctx context.Context, id saga.ID, node saga.NodeID) error {
	return c.injectAt(ctx, id, node, map[saga.Direction]injection{saga.Undo: {fail: true}})
}

func (c *Coordinator) inject(ctx context.Context, id saga.ID, path saga.NodePath, injections map[saga.Direction]injection) error {
	status, err := c.Status(ctx, id)
	if err != nil {
		return err
	}
	node, err := status.DAG.Find(path)
	if err != nil {
		return err
	}
	return c.injectAt(ctx, id, node, injections)
}

func (c *Coordinator) injectAt(ctx context.Context, id saga.ID, node saga.NodeID, injections map[saga.Direction]injection) error {
	status, err := c.Status(ctx, id)
	if err != nil {
		return err
	}
	if !status.DAG.Contains(node) {
		return fmt.Errorf("saga %s: inject: %w: index %d; there are 0 to %d", id, saga.ErrNodeNotFound, node, status.DAG.End())
	}
	s := c.lookup(id)
	if s == nil {
		return fmt.Errorf("saga %s: inject: %w: it is %s, and not run here", id, saga.ErrWrongState, status.State)
	}
	if status.DAG.Kind(node) != saga.KindAction {
		return fmt.Errorf("saga %s: inject: node %q: %w: a %s can't fail", id, status.DAG.Path(node), saga.ErrWrongState, status.DAG.Kind(node))
	}
	state := status.Nodes[node]
	// A call that the log begins and doesn't end is made again when the saga is started.
	again := func(s saga.NodeState) bool { return state == s && !status.Active }
	for direction := range injections {
		if direction == saga.Do && state != saga.NodePending && !again(saga.NodeStarted) ||
			state == saga.NodeFailed || state > saga.NodeIndeterminate && !again(saga.NodeUndoStarted) {
			return fmt.Errorf("saga %s: inject: node %q: %w: it is %s", id, status.DAG.Path(node), saga.ErrWrongState, state)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.injected == nil {
		s.injected = map[executor.Task]injection{}
	}
	for direction, i := range injections {
		s.injected[executor.Task{Node: node, Direction: direction}] = i
	}
	return nil
}

func (s *execution) injection(t executor.Task) injection {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.injected[t]
}
