package sec

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/internal/fold"
)

// Wait returns when the saga is settled. If it has succeeded, Wait returns its
// outputs, and otherwise a *saga.FailedError, which says whether everything was
// undone or the saga is stuck. The context bounds only the wait.
//
// The error can also wrap saga.ErrNotFound, saga.ErrStopped, or saga.ErrParked,
// which means that this coordinator can't run the saga. If there are leases,
// Wait returns saga.ErrParked only when no other coordinator has claimed the
// saga within twice Config.Poll.
func (c *Coordinator) Wait(ctx context.Context, id saga.ID) (saga.Outputs, error) {
	pause := c.client.pollPauses()
	for {
		s, record, err := c.find(ctx, id)
		switch {
		case err != nil:
			return saga.Outputs{}, err
		case s != nil:
			v, _ := s.snapshot.load()
			if v.parked != nil && c.config.Lease == 0 {
				return saga.Outputs{}, fmt.Errorf("saga %s: %w", id, v.parked)
			}
			select {
			case <-s.done:
				if v.parked == nil && s.isSettled() { // otherwise it was parked and has been handed off
					return s.result()
				}
			case <-c.lifetime.Done():
				return saga.Outputs{}, fmt.Errorf("saga %s: %w", id, saga.ErrStopped)
			case <-ctx.Done():
				return saga.Outputs{}, fmt.Errorf("saga %s: wait: %w", id, ctx.Err())
			}
		case record.State.Settled():
			return c.client.result(ctx, record)
		}
		if c.isStopped() {
			return saga.Outputs{}, fmt.Errorf("saga %s: %w", id, saga.ErrStopped)
		}
		if s == nil { // another coordinator runs it, or may
			if h, ok := c.handoffs.Find(&record); ok && time.Since(h.At) > 2*c.config.Poll {
				return saga.Outputs{}, fmt.Errorf("saga %s: %w", id, h.Reason)
			}
			select {
			case <-time.After(pause()):
			case <-c.stopping:
			case <-ctx.Done():
				return saga.Outputs{}, fmt.Errorf("saga %s: wait: %w", id, ctx.Err())
			}
		}
	}
}

// Status returns the current status of a saga. It doesn't call the store for a
// saga that this coordinator has in memory. The error wraps saga.ErrNotFound if
// there is no such saga.
func (c *Coordinator) Status(ctx context.Context, id saga.ID) (*saga.Status, error) {
	s, record, err := c.find(ctx, id)
	if err != nil {
		return nil, err
	}
	if s == nil {
		status, err := c.client.status(ctx, record)
		if h, ok := c.handoffs.Find(&record); ok && err == nil && status.Parked == nil {
			status.Parked = h.Reason
		}
		return status, err
	}
	v, _ := s.snapshot.load()
	if s.DAG == nil {
		return nil, fmt.Errorf("saga %s: %w", id, v.parked)
	}
	status := &saga.Status{
		ID: id, Name: s.DAG.Name(), State: v.state, DAG: s.DAG, Events: v.events, Active: v.active, Parked: v.parked,
	}
	fold.Status(status)
	s.mu.Lock()
	defer s.mu.Unlock()
	for task, r := range s.retrying {
		n := &status.Nodes[task.Node]
		n.Attempts, n.Err, n.Next = r.attempts, r.err, r.next
	}
	return status, nil
}

// List returns the records that match the query, from the store; see
// saga.Operator.
func (c *Coordinator) List(ctx context.Context, q saga.Query) ([]saga.Record, error) {
	return c.client.list(ctx, q)
}

// Apply applies an operator command; see saga.Operator. A coordinator applies a
// command for a saga that it owns itself. It appends a command for another saga
// to the saga's log, and the owner finds it with its next append, or within
// Config.Poll. The error may also wrap saga.ErrStopped.
func (c *Coordinator) Apply(ctx context.Context, id saga.ID, command saga.Command) error {
	return c.applier.apply(ctx, id, command)
}

// Delete removes a final saga and its log; see saga.Operator.
func (c *Coordinator) Delete(ctx context.Context, id saga.ID) error { return c.client.delete(ctx, id) }

// InMemory returns records of the sagas that this coordinator has in memory:
// those that wait for StartCreated, run, unwind or are parked. It never calls
// the store. Stuck and finished sagas are only in the store; see List.
func (c *Coordinator) InMemory() []saga.Record {
	c.mu.Lock()
	executions := make([]*execution, 0, len(c.sagas))
	for _, s := range c.sagas {
		executions = append(executions, s)
	}
	c.mu.Unlock()
	records := make([]saga.Record, 0, len(executions))
	for _, s := range executions {
		v, published := s.snapshot.load()
		if !published { // it is still being created or recovered
			continue
		}
		r := saga.Record{
			ID: s.id, Queue: c.config.Queue, State: v.state,
			Owner: s.session.Owner, Generation: s.generation, NextSeq: uint64(len(v.events)),
		}
		if s.DAG != nil {
			r.Name = s.DAG.Name()
		}
		records = append(records, r)
	}
	slices.SortFunc(records, func(a, b saga.Record) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	return records
}
