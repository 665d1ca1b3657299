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
type adoption struct {
	*instance
	record store.Record
	// log are its events if hasLog. They must have been read after it was reserved: until then it could be run, and ended, on
	// behalf of somebody who asked for it.
	log    []saga.Event
	hasLog bool
}

// adopt goes on with a saga that this coordinator owns and doesn't have in memory. See take and goOn.
func (c *Coordinator) adopt(record store.Record, first *request) (asked bool, err error) {
	a, err := c.take(record)
	if err != nil || a == nil {
		return false, err
	}
	return c.goOn(a, first)
}

// adoptFor adopts a saga on behalf of somebody who waits no longer than until ctx ends. The rest is done all the same.
func (c *Coordinator) adoptFor(ctx context.Context, record store.Record, first *request) (asked bool, err error) {
	type result struct {
		asked bool
		err   error
	}
	adopted := make(chan result, 1)
	if !c.inBackground(func() {
		asked, err := c.adopt(record, first)
		adopted <- result{asked, err}
	}) {
		return false, fmt.Errorf("saga %s: %w", record.ID, saga.ErrShutdown)
	}
	select {
	case r := <-adopted:
		if r.err != nil {
			return false, fmt.Errorf("saga %s: %w", record.ID, r.err)
		}
		return r.asked, nil
	case <-ctx.Done():
		return false, fmt.Errorf("saga %s: %w while its log was being read", record.ID, ctx.Err())
	}
}

// take reserves a saga. It returns nil if it is in memory, or isn't this coordinator's any more. The error is saga.ErrShutdown or errTenure.
func (c *Coordinator) take(record store.Record) (*adoption, error) {
	s := newInstance(c, record.ID)
	if record.Owner != s.tenure.owner { // it was claimed in a tenure that has ended since
		return nil, nil
	}
	if _, reserved, err := c.reserve(s); err != nil || !reserved {
		return nil, err
	}
	return &adoption{instance: s, record: record}, nil
}

// goOn goes on with a saga. One that can't be gone on with is parked, until it is offered to others if there are leases, and one that is settled is left alone unless there is a first
// request. It reports whether that will be replied to. The error is saga.ErrShutdown, errTenure, or errUnreadable.
func (c *Coordinator) goOn(a *adoption, first *request) (asked bool, err error) {
	s, record := a.instance, &a.record
	err = a.reload()
	s.stored, s.told, s.started, s.called = record.State, record.State, record.State != saga.StateCreated, record.Notified
	s.generation = record.Generation
	switch {
	case errors.Is(err, errClaimed):
		c.release(s)
		return false, nil
	case errors.Is(err, saga.ErrShutdown), errors.Is(err, errTenure), errors.Is(err, errUnreadable):
		c.release(s)
		return false, err
	case err != nil:
		s.park(err)
		c.observations.tell(Observation{Kind: ObservedParking, ID: s.id, Name: record.Name, State: record.State, Err: err})
		close(s.loaded)
		switch {
		case s.tenure.Err() != nil:
			c.release(s)
		case c.config.Lease > 0:
			c.offers.park(s)
		}
		return false, nil
	}
	s.publish(false)
	close(s.loaded)
	if first == nil && s.stored.Settled() && s.state() == s.stored {
		c.release(s)
		return false, nil
	}
	if s.started {
		s.admit(false) // so that takeOver knows how many more may run
	}
	c.observations.tell(Observation{Kind: ObservedRecovery, ID: s.id, Name: record.Name, Was: record.State, State: s.state(), Events: len(s.events)})
	if !c.launch(s) {
		c.release(s)
		return false, saga.ErrShutdown
	}
	if first != nil {
		s.mail.ask(*first)
	}
	c.attendTo(s)
	return true, nil
}

// reload reads the saga's DAG and log, and the record again if that is older than the log: this coordinator may have ended the saga since.
func (a *adoption) reload() error {
	s, record := a.instance, &a.record
	dag, err := s.coordinator.aside.dags.Decode(record.DAG, record.Params)
	if err != nil {
		return err
	}
	s.dag = dag
	events := a.log
	if !a.hasLog {
		if events, err = s.read(); err != nil {
			return err
		}
	}
	s.events = events
	if have, known := uint64(len(events)), record.NextSeq; have != known {
		if err := s.loadAgain(record); err != nil {
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
func (s *instance) loadAgain(record *store.Record) error {
	newer, err := s.coordinator.aside.load(s.tenure, s.id)
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

func (s *instance) read() (events []saga.Event, err error) {
	for try := range readTries {
		if try > 0 && !s.wait(firstStorePause) {
			break
		}
		err = s.coordinator.aside.withStore(s.tenure, func(ctx context.Context, st store.Store) (err error) {
			events, err = st.Events(ctx, s.id, 0, 0)
			return err
		})
		if err == nil || errors.Is(err, store.ErrUndecodable) {
			return events, err
		}
	}
	if s.tenure.Err() != nil {
		return nil, ended(s.coordinator.alive)
	}
	s.config().Logger.Warn("saga can't be read; trying again later", "saga", s.id, "error", err)
	return nil, fmt.Errorf("%w: %w", errUnreadable, err)
}

// find returns the saga: in memory if this coordinator owns it, or else its record.
func (c *Coordinator) find(ctx context.Context, id saga.ID) (*instance, store.Record, error) {
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
		record, err := c.aside.load(ctx, id)
		if err != nil || record.State.Settled() || c.isStopped() || !c.owns(&record) {
			return nil, record, err
		}
		if _, err := c.adoptFor(ctx, record, nil); err != nil {
			return nil, record, err
		}
	}
}

// own reports whether this coordinator owns the saga, or has been able to claim it now.
func (c *Coordinator) own(ctx context.Context, record *store.Record) bool {
	if c.owns(record) {
		return true
	}
	err := c.aside.withStore(ctx, func(ctx context.Context, st store.Store) error {
		claimed, err := st.Claim(ctx, store.Claim{
			Owner: c.currentTenure().owner, Lease: c.config.Lease, Queue: c.config.Queue, IDs: []saga.ID{record.ID},
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
