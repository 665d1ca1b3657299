package sec

import (
	"context"
	"fmt"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/internal/executor"
)

// InjectError makes the node fail in place of calling its do function. It is for tests and
// demonstrations, and lasts as long as this coordinator has the saga.
//
// The error wraps saga.ErrNoSuchNode, or saga.ErrWrongState if the node has been called or can't fail, or if the
// saga is not one that this coordinator runs or has created.
func (c *Coordinator) InjectError(ctx context.Context, id saga.ID, node saga.NodePath) error {
	return c.inject(ctx, id, node, saga.Do)
}

// InjectUndoError makes the undo of the node fail for good in place of calling its undo
// function. Apart from that it is as InjectError.
func (c *Coordinator) InjectUndoError(ctx context.Context, id saga.ID, node saga.NodePath) error {
	return c.inject(ctx, id, node, saga.Undo)
}

func (c *Coordinator) inject(ctx context.Context, id saga.ID, path saga.NodePath, direction saga.Direction) error {
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
		return fmt.Errorf("saga %s: inject an error: %w: it is %s, and not run here", id, saga.ErrWrongState, status.State)
	}
	if status.DAG.Kind(node) != saga.KindAction {
		return fmt.Errorf("saga %s: inject an error: node %q: %w: a %s can't fail", id, path, saga.ErrWrongState, status.DAG.Kind(node))
	}
	// A call that the log begins and doesn't end is made again when the saga is started.
	again := func(s saga.NodeState) bool { return !status.Active && status.Nodes[node] == s }
	switch state := status.Nodes[node]; {
	case direction == saga.Do && state != saga.NodePending && !again(saga.NodeStarted),
		direction == saga.Undo && state > saga.NodeIndeterminate && !again(saga.NodeUndoStarted),
		state == saga.NodeFailed:
		return fmt.Errorf("saga %s: inject an error: node %q: %w: it is %s", id, path, saga.ErrWrongState, state)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.injected == nil {
		s.injected = map[executor.Task]bool{}
	}
	s.injected[executor.Task{Node: node, Direction: direction}] = true
	return nil
}

func (s *instance) isInjected(t executor.Task) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.injected[t]
}
