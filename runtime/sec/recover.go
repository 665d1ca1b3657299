package sec

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/store"
)

// recovery is a saga that this coordinator owns, and has reserved to resume it.
type recovery struct {
	*execution
	record saga.Record
	// log holds its events if hasLog is set. They must have been read after the
	// saga was reserved: until then a request could have recovered, run and
	// finished it.
	log    []engine.Event
	hasLog bool
}

// recoverSaga resumes a saga that this coordinator owns and doesn't have in
// memory. The arguments and results are those of resume.
func (c *Coordinator) recoverSaga(record saga.Record, first *request) (requested bool, err error) {
	r, err := c.reserveRecovery(record)
	if err != nil || r == nil {
		return false, err
	}
	return c.resume(r, first)
}

// recoverFor is recoverSaga for a caller that waits no longer than until ctx
// ends. The recovery continues after that.
func (c *Coordinator) recoverFor(ctx context.Context, record saga.Record, first *request) (requested bool, err error) {
	type result struct {
		asked bool
		err   error
	}
	recovered := make(chan result, 1)
	if !c.inBackground(func() {
		requested, err := c.recoverSaga(record, first)
		recovered <- result{requested, err}
	}) {
		return false, fmt.Errorf("saga %s: %w", record.ID, saga.ErrStopped)
	}
	select {
	case r := <-recovered:
		if r.err != nil {
			return false, fmt.Errorf("saga %s: %w", record.ID, r.err)
		}
		return r.asked, nil
	case <-ctx.Done():
		return false, fmt.Errorf("saga %s: %w while its log was being read", record.ID, ctx.Err())
	}
}

// reserveRecovery reserves a saga. It returns nil if the saga is in memory
// already, or if this coordinator no longer owns it. The error is
// saga.ErrStopped or errLeaseExpired.
func (c *Coordinator) reserveRecovery(record saga.Record) (*recovery, error) {
	s := newExecution(c, record.ID)
	if record.Owner != s.session.Owner { // it was claimed in a session that has expired
		return nil, nil
	}
	if _, reserved, err := c.reserve(s); err != nil || !reserved {
		return nil, err
	}
	return &recovery{execution: s, record: record}, nil
}

// resume reads the log of a saga and drives it. A saga that can't be resumed is
// parked, and handed off if there are leases. A settled saga is released,
// unless there is a first request, such as RetryUndo, which may let it run
// again. resume reports whether the first request will be answered. The error
// is saga.ErrStopped, errLeaseExpired or errUnreadable.
func (c *Coordinator) resume(r *recovery, first *request) (requested bool, err error) {
	s, record := r.execution, &r.record
	err = r.reload()
	s.storedState, s.observedState = record.State, record.State
	s.Started = record.State != saga.StateCreated
	s.notified, s.generation = record.Notified, record.Generation
	switch {
	case errors.Is(err, errClaimed):
		c.release(s)
		return false, nil
	case errors.Is(err, saga.ErrStopped), errors.Is(err, errLeaseExpired), errors.Is(err, errUnreadable):
		c.release(s)
		return false, err
	case err != nil:
		s.park(err)
		c.observations.record(Observation{
			Kind: ObservedParking, ID: s.id, Name: record.Name, State: record.State, Err: err,
		})
		close(s.loaded)
		switch {
		case s.session.Err() != nil:
			c.release(s)
		case c.config.Lease > 0:
			c.handoffs.AddParked(s)
		}
		return false, nil
	}
	s.publish(false)
	close(s.loaded)
	if first == nil && s.storedState.Settled() && s.State() == s.storedState {
		c.release(s)
		return false, nil
	}
	if s.Started {
		s.admit(false) // so that the claimer knows how many more may run
	}
	c.observations.record(Observation{
		Kind: ObservedRecovery, ID: s.id, Name: record.Name, Was: record.State, State: s.State(), Events: len(s.events),
	})
	if !c.launch(s) {
		c.release(s)
		return false, saga.ErrStopped
	}
	if first != nil {
		s.mail.Post(*first)
	}
	c.schedule(s)
	return true, nil
}

// reload reads the saga's DAG and log. It reads the record again if that is
// older than the log, as this coordinator may have finished the saga since.
func (r *recovery) reload() error {
	s, record := r.execution, &r.record
	dag, err := s.coordinator.client.decodeDAG(record)
	if err != nil {
		return err
	}
	s.DAG = dag
	events := r.log
	if !r.hasLog {
		if events, err = s.readEvents(); err != nil {
			return err
		}
	}
	s.events = events
	if have, known := uint64(len(events)), record.NextSeq; have != known {
		if err := s.reloadRecord(record); err != nil {
			return err
		}
		if have < known {
			return fmt.Errorf("its log lacks events: it has %d of %d", have, known)
		}
	}
	if err := checkPayloads(events); err != nil {
		return fmt.Errorf("%w: if it was encoded, open the store with its codec", err)
	}
	if err := s.load(dag, events, record.Generation); err != nil {
		return err
	}
	if err := s.config().Registry.Check(dag.DAG); err != nil {
		return err
	}
	return s.config().Registry.CheckShapes(dag)
}

// checkPayloads returns an error if a payload is not JSON.
func checkPayloads(events []engine.Event) error {
	for i := range events {
		if e := &events[i]; len(e.Payload) > 0 && !json.Valid(e.Payload) {
			return fmt.Errorf("event %d has a payload that is not JSON", e.Seq)
		}
	}
	return nil
}

// reloadRecord reads the record again.
func (s *execution) reloadRecord(record *saga.Record) error {
	newer, err := s.coordinator.client.load(s.session, s.id)
	switch {
	case errors.Is(err, saga.ErrNotFound), err == nil && newer.Generation != record.Generation:
		return errClaimed
	case err != nil:
		return fmt.Errorf("%w: %w", errUnreadable, err)
	}
	*record = newer
	return nil
}

// errUnreadable says that a log could not be read now. The next sweep tries
// again, so that other sagas don't wait for this one.
var errUnreadable = errors.New("its log could not be read")

// readTries is how often the read of a log is attempted before other sagas take
// their turn.
const readTries = 3

func (s *execution) readEvents() (events []engine.Event, err error) {
	for try := range readTries {
		if try > 0 && !s.wait(firstStorePause) {
			break
		}
		err = s.coordinator.client.withStore(s.session, func(ctx context.Context, st store.Store) (err error) {
			events, err = st.Events(ctx, s.id, 0, 0)
			return err
		})
		if err == nil || errors.Is(err, store.ErrUndecodable) {
			return events, err
		}
	}
	if s.session.Err() != nil {
		return nil, stopReason(s.coordinator.lifetime)
	}
	s.config().Logger.Warn("log could not be read; retrying later", "saga", s.id, "error", err)
	return nil, fmt.Errorf("%w: %w", errUnreadable, err)
}

// find returns the execution of a saga if this coordinator owns it, and
// otherwise its record and a nil execution.
func (c *Coordinator) find(ctx context.Context, id saga.ID) (*execution, saga.Record, error) {
	for {
		if s := c.lookup(id); s != nil {
			select {
			case <-s.loaded:
				return s, saga.Record{}, nil
			case <-s.done: // look it up again
				continue
			case <-ctx.Done():
				return nil, saga.Record{}, fmt.Errorf("saga %s: %w", id, ctx.Err())
			}
		}
		record, err := c.client.load(ctx, id)
		if err != nil || record.State.Settled() || c.isStopped() || !c.owns(&record) {
			return nil, record, err
		}
		if _, err := c.recoverFor(ctx, record, nil); err != nil {
			return nil, record, err
		}
	}
}

// ensureOwned reports whether this coordinator owns the saga, or has claimed it
// now.
func (c *Coordinator) ensureOwned(ctx context.Context, record *saga.Record) bool {
	switch {
	case !c.started.Load():
		return false
	case c.owns(record):
		return true
	}
	err := c.client.withStore(ctx, func(ctx context.Context, st store.Store) error {
		claimed, err := st.Claim(ctx, store.Claim{
			Owner: c.leases.Current().Owner, Lease: c.config.Lease, Queue: c.config.Queue, IDs: []saga.ID{record.ID},
		})
		switch {
		case err != nil:
			return err
		case len(claimed) == 1:
			*record = claimed[0]
			return nil
		}
		*record, err = st.Load(ctx, record.ID) // poll may have claimed it since
		return err
	})
	return err == nil && c.owns(record)
}
