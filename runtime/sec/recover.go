package sec

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

// adoption is a saga that this coordinator owns and has just reserved, to go on with it.
type recovery struct {
	*execution
	record store.Record
	// log are its events if hasLog. They must have been read after it was reserved: until then it could be run, and ended, on
	// behalf of somebody who asked for it.
	log    []saga.Event
	hasLog bool
}

// adopt goes on with a saga that this coordinator owns and doesn't have in memory. See take and goOn.
func (c *Coordinator) recoverSaga(record store.Record, first *request) (requested bool, err error) {
	r, err := c.reserveRecovery(record)
	if err != nil || r == nil {
		return false, err
	}
	return c.resume(r, first)
}

// adoptFor adopts a saga on behalf of somebody who waits no longer than until ctx ends. The rest is done all the same.
func (c *Coordinator) recoverFor(ctx context.Context, record store.Record, first *request) (requested bool, err error) {
	type result struct {
		asked bool
		err   error
	}
	recovered := make(chan result, 1)
	if !c.inBackground(func() {
		requested, err := c.recoverSaga(record, first)
		recovered <- result{requested, err}
	}) {
		return false, fmt.Errorf("saga %s: %w", record.ID, saga.ErrShutdown)
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

// take reserves a saga. It returns nil if it is in memory, or isn't this coordinator's any more. The error is saga.ErrShutdown or errTenure.
func (c *Coordinator) reserveRecovery(record store.Record) (*recovery, error) {
	s := newExecution(c, record.ID)
	if record.Owner != s.session.owner { // it was claimed in a tenure that has ended since
		return nil, nil
	}
	if _, reserved, err := c.reserve(s); err != nil || !reserved {
		return nil, err
	}
	return &recovery{execution: s, record: record}, nil
}

// goOn goes on with a saga. One that can't be gone on with is parked, until it is offered to others if there are leases, and one that is settled is left alone unless there is a first
// request. It reports whether that will be replied to. The error is saga.ErrShutdown, errTenure, or errUnreadable.
func (c *Coordinator) resume(r *recovery, first *request) (requested bool, err error) {
	s, record := r.execution, &r.record
	err = r.reload()
	s.storedState, s.observedState, s.started, s.notified = record.State, record.State, record.State != saga.StateCreated, record.Notified
	s.generation = record.Generation
	switch {
	case errors.Is(err, errClaimed):
		c.release(s)
		return false, nil
	case errors.Is(err, saga.ErrShutdown), errors.Is(err, errLeaseExpired), errors.Is(err, errUnreadable):
		c.release(s)
		return false, err
	case err != nil:
		s.park(err)
		c.observations.record(Observation{Kind: ObservedParking, ID: s.id, Name: record.Name, State: record.State, Err: err})
		close(s.loaded)
		switch {
		case s.session.Err() != nil:
			c.release(s)
		case c.config.Lease > 0:
			c.handoffs.addParked(s)
		}
		return false, nil
	}
	s.publish(false)
	close(s.loaded)
	if first == nil && s.storedState.Settled() && s.state() == s.storedState {
		c.release(s)
		return false, nil
	}
	if s.started {
		s.admit(false) // so that takeOver knows how many more may run
	}
	c.observations.record(Observation{Kind: ObservedRecovery, ID: s.id, Name: record.Name, Was: record.State, State: s.state(), Events: len(s.events)})
	if !c.launch(s) {
		c.release(s)
		return false, saga.ErrShutdown
	}
	if first != nil {
		s.mail.post(*first)
	}
	c.schedule(s)
	return true, nil
}

// reload reads the saga's DAG and log, and the record again if that is older than the log: this coordinator may have ended the saga since.
func (r *recovery) reload() error {
	s, record := r.execution, &r.record
	dag, err := s.coordinator.client.dags.Decode(record.DAG, record.Params)
	if err != nil {
		return err
	}
	s.dag = dag
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
	for _, e := range events {
		if len(e.Payload) > 0 && !json.Valid(e.Payload) {
			return fmt.Errorf("event %d has a payload that is not JSON: was it encoded, and is the store opened without that codec?", e.Seq)
		}
	}
	if err := s.load(dag, events, record.Generation); err != nil {
		return err
	}
	if err := s.config().Registry.Check(dag.DAG); err != nil {
		return err
	}
	return s.config().Registry.CheckShapes(dag)
}

// loadAgain loads the record again.
func (s *execution) reloadRecord(record *store.Record) error {
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

// errUnreadable says that a log could not be read now. It is tried again with the next sweep, so that others don't wait for it.
var errUnreadable = errors.New("its log could not be read")

// readTries is how often a log is read before others have their turn.
const readTries = 3

func (s *execution) readEvents() (events []saga.Event, err error) {
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
	s.config().Logger.Warn("saga can't be read; trying again later", "saga", s.id, "error", err)
	return nil, fmt.Errorf("%w: %w", errUnreadable, err)
}

// find returns the saga: in memory if this coordinator owns it, or else its record.
func (c *Coordinator) find(ctx context.Context, id saga.ID) (*execution, store.Record, error) {
	for {
		if s := c.lookup(id); s != nil {
			select {
			case <-s.loaded:
				return s, store.Record{}, nil
			case <-s.done: // look again
				continue
			case <-ctx.Done():
				return nil, store.Record{}, fmt.Errorf("saga %s: %w", id, ctx.Err())
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

// own reports whether this coordinator owns the saga, or has been able to claim it now.
func (c *Coordinator) ensureOwned(ctx context.Context, record *store.Record) bool {
	if c.owns(record) {
		return true
	}
	err := c.client.withStore(ctx, func(ctx context.Context, st store.Store) error {
		claimed, err := st.Claim(ctx, store.Claim{
			Owner: c.currentSession().owner, Lease: c.config.Lease, Queue: c.config.Queue, IDs: []saga.ID{record.ID},
		})
		switch {
		case err != nil:
			return err
		case len(claimed) == 1:
			*record = claimed[0]
			return nil
		}
		*record, err = st.Load(ctx, record.ID) // takeOver may have claimed it since
		return err
	})
	return err == nil && c.owns(record)
}
