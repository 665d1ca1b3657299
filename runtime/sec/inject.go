package sec

import (
	"context"
	"fmt"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/internal/executor"
)

// What is injected is for tests and demonstrations. It lasts as long as this coordinator has the saga, and is not recorded.
//
// The errors wrap saga.ErrNoSuchNode; and saga.ErrWrongState if the node has started or runs no action, or if the
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
	if do < 1 || undo < 1 {
		return fmt.Errorf("saga %s: inject a repetition: %d calls to do and %d to undo, want at least 1", id, do, undo)
	}
	return c.inject(ctx, id, node, map[saga.Direction]injection{saga.Do: {repeat: do}, saga.Undo: {repeat: undo}})
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
	s := c.lookup(id)
	if s == nil {
		return fmt.Errorf("saga %s: inject: %w: it is %s, and not run here", id, saga.ErrWrongState, status.State)
	}
	if status.DAG.Kind(node) != saga.KindAction {
		return fmt.Errorf("saga %s: inject: node %q: %w: a %s can't fail", id, path, saga.ErrWrongState, status.DAG.Kind(node))
	}
	state := status.Nodes[node]
	for direction := range injections {
		if direction == saga.Do && state != saga.NodePending || state == saga.NodeFailed || state > saga.NodeIndeterminate {
			return fmt.Errorf("saga %s: inject: node %q: %w: it is %s", id, path, saga.ErrWrongState, state)
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

func (s *instance) injection(t executor.Task) injection {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.injected[t]
}
