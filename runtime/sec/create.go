package sec

import (
	"context"
	"errors"
	"fmt"
	"slices"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/internal/fold"
	"github.com/sagagen/sagagen/runtime/store"
)

// Create records a saga without starting it. It does nothing if the same saga,
// with the same DAG and parameters, exists.
//
// The error wraps saga.ErrSagaExists if another saga has that ID,
// saga.ErrUnknownAction if the registry lacks an action, saga.ErrTooLarge if
// the saga is larger than the configuration allows, and saga.ErrStopped. After
// any other error the saga may exist or not; call Create again to be sure.
func (c *Coordinator) Create(ctx context.Context, id saga.ID, dag *saga.SagaDAG) error {
	return c.create(ctx, &saga.Log{ID: id, DAG: dag}, false)
}

// CreateAndStart records a saga and starts it in one write. When it returns
// nil, the saga is durable: it will finish even if this process crashes. If the
// same saga exists, CreateAndStart starts it unless it has been started. The
// errors are those of Create.
func (c *Coordinator) CreateAndStart(ctx context.Context, id saga.ID, dag *saga.SagaDAG) error {
	return c.create(ctx, &saga.Log{ID: id, DAG: dag}, true)
}

// Import records a saga with a log from elsewhere, without starting it.
// StartCreated and saga.Cancel resume the saga from the end of that log. If the
// log says that the saga is finished or stuck, the saga has that state at once.
// The errors are those of Create; an invalid log is an error that names the
// first event that can't have happened, or whose payload is not JSON.
func (c *Coordinator) Import(ctx context.Context, log *saga.Log) error {
	return c.create(ctx, log, false)
}

// StartCreated starts a saga that Create or Import has recorded. It does
// nothing if the saga has been started. When it returns nil, the start is
// durable. The error wraps saga.ErrNotFound, saga.ErrParked or saga.ErrStopped.
func (c *Coordinator) StartCreated(ctx context.Context, id saga.ID) error {
	s, record, err := c.find(ctx, id)
	if err != nil {
		return err
	}
	if s == nil && record.State != saga.StateCreated { // it has been started, here or elsewhere
		return nil
	}
	return c.submit(ctx, id, startChange)
}

func (c *Coordinator) create(ctx context.Context, log *saga.Log, start bool) error {
	if !c.started.Load() && !c.isStopped() {
		err := c.client.create(ctx, log, start)
		c.poller.Wake() // it may have been started since
		return err
	}
	if err := c.client.check(log); err != nil {
		return err
	}
	s := newExecution(c, log.ID)
	if err := s.load(log.DAG, log.Events, 1); err != nil {
		return err
	}
	s.Started = start
	if start && s.admit(false) {
		s.advance()
	}
	s.storedState = s.State()
	other, reserved, err := c.reserve(s)
	if err != nil || !reserved {
		s.releaseAdmission()
	}
	if err != nil {
		return err
	}
	if !reserved {
		return other.matchExisting(ctx, log, start)
	}
	return s.insert(ctx, log)
}

// insert records a new saga that has been reserved.
func (s *execution) insert(ctx context.Context, log *saga.Log) error {
	c := s.coordinator
	s.DAG = c.config.Registry.WithShapes(s.DAG)
	encoded, params, err := s.DAG.Parts()
	if err != nil {
		c.release(s)
		return fmt.Errorf("saga %s: %w", s.id, err)
	}
	err = c.client.withStore(ctx, func(ctx context.Context, st store.Store) error {
		return st.Create(ctx, store.NewSaga{
			ID: s.id, Name: s.DAG.Name(), DAG: encoded, Params: params, State: s.storedState,
			Events: s.allEvents(), Queue: c.config.Queue, Owner: s.session.Owner, Lease: c.config.Lease,
		})
	})
	switch {
	case errors.Is(err, store.ErrExists):
		c.release(s)
		return c.matchExisting(ctx, log, s.Started)
	case err != nil:
		c.release(s)
		c.confirmCreate(s.id)
		return fmt.Errorf("saga %s: create: %w", s.id, err)
	}
	s.committed(s.storedState)
	s.publish(s.Started && !s.storedState.Settled())
	close(s.loaded)
	if s.storedState.Settled() {
		c.release(s)
		return nil
	}
	// The saga is durable now. If this coordinator is stopping, the next one
	// recovers it.
	if !c.launch(s) {
		c.release(s)
		return nil
	}
	s.startDriving()
	return nil
}

// allEvents returns the durable events and the pending ones.
func (s *execution) allEvents() []engine.Event {
	if len(s.events) == 0 { // as in a new saga
		return s.pending
	}
	return slices.Concat(s.events, s.pending)
}

// confirmCreate finds out in the background whether a create that returned an
// error has succeeded nevertheless. If so, this coordinator owns the saga and
// resumes it. Without confirmCreate, the saga would wait for the next sweep.
func (c *Coordinator) confirmCreate(id saga.ID) {
	c.inBackground(func() {
		_ = c.retry(c.lifetime, id, func(ctx context.Context, _ store.Store) error {
			_, _, err := c.find(ctx, id)
			if errors.Is(err, saga.ErrNotFound) || errors.Is(err, saga.ErrStopped) {
				return permanentError{err}
			}
			return err
		})
	})
}

// matchExisting finishes a create whose ID is in the store already.
func (c *Coordinator) matchExisting(ctx context.Context, log *saga.Log, start bool) error {
	s, record, err := c.find(ctx, log.ID)
	if err != nil {
		return err
	}
	if s != nil {
		return s.matchExisting(ctx, log, start)
	}
	return c.client.matchExisting(ctx, record, log, start)
}

// matchExisting finishes a create whose ID this coordinator has in memory
// already.
func (s *execution) matchExisting(ctx context.Context, log *saga.Log, start bool) error {
	select {
	case <-s.loaded:
	case <-s.done:
	case <-ctx.Done():
		return fmt.Errorf("saga %s: create: %w", s.id, ctx.Err())
	}
	select {
	case <-s.loaded:
	default: // the saga turned out not to exist
		return s.coordinator.create(ctx, log, start)
	}
	v, _ := s.snapshot.load()
	if v.parked != nil && s.DAG == nil { // there is nothing to compare with
		return fmt.Errorf("saga %s: %w", s.id, v.parked)
	}
	if err := fold.Match(s.DAG, v.events, log); err != nil || !start {
		return err
	}
	return s.coordinator.StartCreated(ctx, s.id)
}
