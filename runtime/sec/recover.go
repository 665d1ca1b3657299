package sec

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

// claimBatch is how many sagas are claimed at a time: enough that the claims don't count, and
// few enough that their DAGs fit into memory together.
const claimBatch = 100

// recoverAll claims and goes on with all that other coordinators have left unfinished.
func (c *Coordinator) recoverAll() {
	for {
		var claimed []store.Record
		err := c.retry(c.alive, saga.ID{}, func(ctx context.Context, st store.Store) (err error) {
			if c.isStopped() {
				return final{saga.ErrShutdown}
			}
			claimed, err = st.Claim(ctx, store.Claim{Owner: c.currentTenure().owner, Lease: c.config.Lease, Limit: claimBatch})
			return err
		})
		if err != nil || len(claimed) == 0 {
			return
		}
		for _, record := range claimed {
			if _, err := c.adopt(record, nil); err != nil && !errors.Is(err, errUnreadable) {
				return
			}
		}
	}
}

// sweep goes on with sagas that are this coordinator's and that it doesn't have in memory: a claim or a create that seemed to fail has
// had its effect, or a log could not be read.
func (c *Coordinator) sweep() {
	query := store.Query{States: []saga.State{saga.StateCreated, saga.StateRunning, saga.StateUnwinding}, Limit: sweepBatch}
	for !c.isStopped() {
		records, err := c.list(c.alive, query)
		if err != nil {
			return // there will be another sweep
		}
		for _, record := range records {
			if c.owns(&record) && c.lookup(record.ID) == nil {
				_, _, _ = c.find(c.alive, record.ID)
			}
		}
		if len(records) < sweepBatch {
			return
		}
		query.After = records[len(records)-1].ID
	}
}

const (
	// sweepBatch is how many records are read at a time.
	sweepBatch = 500
	// sweepPause is the time between two sweeps.
	sweepPause = time.Minute
)

// keepSweeping recovers once, and then sweeps every now and then.
func (c *Coordinator) keepSweeping() {
	c.recoverAll()
	for {
		c.sweep()
		select {
		case <-time.After(sweepPause):
		case <-c.stopping:
			return
		}
	}
}

func (c *Coordinator) isStopped() bool {
	select {
	case <-c.stopping:
		return true
	default:
		return false
	}
}

// adopt goes on with a saga that this coordinator owns and doesn't have in memory. A saga that can't
// be gone on with is parked, and one that is settled is left alone unless there is a first request. It reports
// whether that will be replied to. The error is saga.ErrShutdown, errTenure, or errUnreadable.
func (c *Coordinator) adopt(record store.Record, first *request) (asked bool, err error) {
	s := newInstance(c, record.ID)
	if record.Owner != s.tenure.owner { // it was claimed in a tenure that has ended since
		return false, nil
	}
	_, reserved, err := c.reserve(s)
	if err != nil || !reserved {
		return false, err
	}
	s.stored, s.told, s.started = record.State, record.State, record.State != saga.StateCreated
	s.generation = record.Generation
	err = s.reload(record)
	switch {
	case errors.Is(err, saga.ErrShutdown), errors.Is(err, errTenure), errors.Is(err, errUnreadable):
		c.release(s)
		return false, err
	case err != nil:
		s.park(err)
		c.observations.tell(Observation{Kind: ObservedParking, ID: s.id, Name: record.Name, State: record.State, Err: err})
		close(s.loaded)
		if s.tenure.Err() != nil {
			c.release(s)
		}
		return false, nil
	}
	s.publish(false)
	close(s.loaded)
	if first == nil && s.stored.Settled() && s.state() == s.stored {
		c.release(s)
		return false, nil
	}
	c.observations.tell(Observation{Kind: ObservedRecovery, ID: s.id, Name: record.Name, Was: record.State, State: s.state()})
	if err := c.launch(s, first); err != nil {
		c.release(s)
		return false, err
	}
	return true, nil
}

// reload reads the saga's DAG and log.
func (s *instance) reload(record store.Record) error {
	dag := new(saga.SagaDAG)
	if err := json.Unmarshal(record.DAG, dag); err != nil {
		return err
	}
	s.dag = dag
	events, err := s.read()
	if err != nil {
		return err
	}
	s.events = events
	if err := s.load(dag, events, record.Generation); err != nil {
		return err
	}
	if err := s.config().Registry.Check(dag.DAG); err != nil {
		return err
	}
	return s.config().Registry.CheckShapes(dag)
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
		err = s.coordinator.withStore(s.tenure, func(ctx context.Context, st store.Store) (err error) {
			events, err = st.Events(ctx, s.id, 0, 0)
			return err
		})
		if err == nil {
			return events, nil
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
		var record store.Record
		err := c.withStore(ctx, func(ctx context.Context, st store.Store) (err error) {
			record, err = st.Load(ctx, id)
			return err
		})
		switch {
		case errors.Is(err, store.ErrNotFound):
			return nil, record, fmt.Errorf("saga %s: %w", id, saga.ErrNoSuchSaga)
		case err != nil:
			return nil, record, fmt.Errorf("saga %s: %w", id, err)
		}
		if record.State.Settled() || c.isStopped() || !c.own(ctx, &record) {
			return nil, record, nil
		}
		if _, err := c.adopt(record, nil); err != nil {
			return nil, record, err
		}
	}
}

// own reports whether this coordinator owns the saga, or has been able to claim it now.
func (c *Coordinator) own(ctx context.Context, record *store.Record) bool {
	if c.owns(record) {
		return true
	}
	err := c.withStore(ctx, func(ctx context.Context, st store.Store) error {
		claimed, err := st.Claim(ctx, store.Claim{Owner: c.currentTenure().owner, Lease: c.config.Lease, IDs: []saga.ID{record.ID}})
		switch {
		case err != nil:
			return err
		case len(claimed) == 1:
			*record = claimed[0]
			return nil
		}
		*record, err = st.Load(ctx, record.ID) // recoverAll may have claimed it since
		return err
	})
	return err == nil && c.owns(record)
}

// pollPause is how long Wait waits before it looks again at a saga that another coordinator runs.
const pollPause = 100 * time.Millisecond
