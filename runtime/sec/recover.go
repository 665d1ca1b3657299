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
			if _, err := c.adopt(record, nil); err != nil {
				return
			}
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
// whether that will be replied to. The error is saga.ErrShutdown.
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
	err = s.reload(record)
	switch {
	case errors.Is(err, saga.ErrShutdown), errors.Is(err, errTenure):
		c.release(s)
		return false, err
	case err != nil:
		s.park(err)
		c.observations.tell(Observation{Kind: ObservedParking, ID: s.id, Name: record.Name, State: record.State, Err: err})
		close(s.loaded)
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
	var events []saga.Event
	err := s.coordinator.retry(s.tenure, s.id, func(ctx context.Context, st store.Store) (err error) {
		events, err = st.Events(ctx, s.id, 0, 0)
		return err
	})
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
