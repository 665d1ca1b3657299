package sec

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/internal/dagcache"
	"github.com/sagagen/sagagen/runtime/internal/executor"
	"github.com/sagagen/sagagen/runtime/internal/fold"
	"github.com/sagagen/sagagen/runtime/sec/internal/lazycontext"
	"github.com/sagagen/sagagen/runtime/store"
)

// storeClient implements what needs only the store. A Client uses it for all
// sagas, a Coordinator for those that it doesn't own.
type storeClient struct {
	config *Config
	dags   *dagcache.Cache
}

func newStoreClient(config *Config) storeClient { return storeClient{config, new(dagcache.Cache)} }

// withStore calls the store with a context that ends after Config.StoreTimeout.
func (c storeClient) withStore(ctx context.Context, call func(context.Context, store.Store) error) error {
	limited := lazycontext.WithTimeout(ctx, c.config.StoreTimeout)
	defer limited.Cancel()
	return call(limited, c.config.Store)
}

// load returns the record of a saga. The error wraps saga.ErrNotFound if there
// is none.
func (c storeClient) load(ctx context.Context, id saga.ID) (record saga.Record, err error) {
	err = c.withStore(ctx, func(ctx context.Context, st store.Store) (err error) {
		record, err = st.Load(ctx, id)
		return err
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return record, fmt.Errorf("saga %s: %w", id, saga.ErrNotFound)
	case err != nil:
		return record, fmt.Errorf("saga %s: %w", id, err)
	}
	return record, nil
}

// list returns the records that match a query.
func (c storeClient) list(ctx context.Context, q saga.Query) (records []saga.Record, err error) {
	err = c.withStore(ctx, func(ctx context.Context, st store.Store) (err error) {
		records, err = st.List(ctx, q)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list sagas: %w", err)
	}
	return records, nil
}

// pages yields the records that match a query in pages of at most q.Limit
// records. An error is the last thing that it yields.
func (c storeClient) pages(ctx context.Context, q saga.Query) iter.Seq2[[]saga.Record, error] {
	return func(yield func([]saga.Record, error) bool) {
		for {
			records, err := c.list(ctx, q)
			if !yield(records, err) || err != nil || len(records) < q.Limit {
				return
			}
			q.After = records[len(records)-1].ID
		}
	}
}

// status returns the status of a saga as it is in the store.
func (c storeClient) status(ctx context.Context, record saga.Record) (*saga.Status, error) {
	status, _, err := c.replay(ctx, record)
	return status, err
}

// replay returns the status of a saga as it is in the store, and the machine
// after its log.
func (c storeClient) replay(ctx context.Context, record saga.Record) (*saga.Status, *executor.Machine, error) {
	dag, err := c.decodeDAG(&record)
	if err != nil {
		return nil, nil, fmt.Errorf("saga %s: %w: %w", record.ID, saga.ErrParked, err)
	}
	status := &saga.Status{ID: record.ID, Name: record.Name, State: record.State, DAG: dag}
	err = c.withStore(ctx, func(ctx context.Context, st store.Store) (err error) {
		status.Events, err = st.Events(ctx, record.ID, 0, 0)
		return err
	})
	switch {
	case errors.Is(err, store.ErrUndecodable):
		status.Parked = fmt.Errorf("%w: %w", saga.ErrParked, err)
	case err != nil:
		return nil, nil, fmt.Errorf("saga %s: %w", record.ID, err)
	}
	return status, fold.Status(status), nil
}

// decodeDAG returns the DAG and the parameters of a saga.
func (c storeClient) decodeDAG(record *saga.Record) (*saga.SagaDAG, error) {
	if record.DAGErr != nil {
		return nil, record.DAGErr
	}
	return c.dags.Decode(record.DAG, record.Params)
}

// result returns the result of a settled saga.
func (c storeClient) result(ctx context.Context, record saga.Record) (saga.Outputs, error) {
	status, machine, err := c.replay(ctx, record)
	switch {
	case err != nil:
		return saga.Outputs{}, err
	case status.Parked != nil && status.State == saga.StateSucceeded:
		return saga.Outputs{}, fmt.Errorf("saga %s: %w", record.ID, status.Parked)
	}
	return fold.Result(status.Log(), status.State, machine.Outputs())
}

// create records a saga without an owner. The first coordinator of its queue
// that finds it claims it.
func (c storeClient) create(ctx context.Context, log *saga.Log, start bool) error {
	if err := c.check(log); err != nil {
		return err
	}
	j := &journal{id: log.ID, Saga: fold.Saga{Started: start}}
	if err := j.load(log.DAG, log.Events, 0); err != nil {
		return err
	}
	stamped := log.DAG
	if c.config.Registry != nil {
		stamped = c.config.Registry.WithShapes(log.DAG)
	}
	encoded, params, err := stamped.Parts()
	if err != nil {
		return fmt.Errorf("saga %s: %w", log.ID, err)
	}
	created := store.NewSaga{
		ID: log.ID, Name: log.DAG.Name(), DAG: encoded, Params: params,
		State: j.State(), Events: j.events, Queue: c.config.Queue,
	}
	err = c.withStore(ctx, func(ctx context.Context, st store.Store) error { return st.Create(ctx, created) })
	switch {
	case errors.Is(err, store.ErrExists):
		record, err := c.load(ctx, log.ID)
		if err != nil {
			return err
		}
		return c.matchExisting(ctx, record, log, start)
	case err != nil:
		return fmt.Errorf("saga %s: create: %w", log.ID, err)
	}
	return nil
}

// matchExisting finishes a create whose ID is in the store already.
func (c storeClient) matchExisting(ctx context.Context, record saga.Record, log *saga.Log, start bool) error {
	recorded, err := c.status(ctx, record)
	if err != nil {
		return err
	}
	err = fold.Match(recorded.DAG, recorded.Events, log)
	if err != nil || !start || record.State != saga.StateCreated {
		return err
	}
	return c.appendChange(ctx, record, startChange)
}

// appendChange appends a change to the log of a saga that another coordinator
// owns, or that is unowned, and notifies the owner. If the owner appends at the
// same time, the store accepts one of the two appends and the other is tried
// again, so neither is lost.
func (c storeClient) appendChange(ctx context.Context, record saga.Record, change change) error {
	for {
		if record.State.Final() {
			return change.onFinal(record)
		}
		j, err := c.readJournal(ctx, record)
		if err != nil {
			return err
		}
		if err := change.apply(j); err != nil {
			return err
		}
		request := j.pendingAppend()
		if len(request.Events) == 0 && request.State == j.storedState {
			return nil
		}
		// The coordinator that claims an unowned saga reads its whole log.
		request.Notify = record.Owner != ""
		err = c.withStore(ctx, func(ctx context.Context, st store.Store) error { return st.Append(ctx, request) })
		switch {
		case err == nil:
			return nil
		case !errors.Is(err, store.ErrSequence) && !errors.Is(err, store.ErrFenced):
			return fmt.Errorf("saga %s: %w; it may have been recorded", record.ID, err)
		}
		select {
		case <-time.After(rand.N(maxConflictPause)):
		case <-ctx.Done():
			return fmt.Errorf("saga %s: %w", record.ID, ctx.Err())
		}
		if record, err = c.load(ctx, record.ID); err != nil {
			return err
		}
	}
}

// maxConflictPause is the longest time that appendChange waits after an append
// conflict. It is the time of a few appends of the owner.
const maxConflictPause = 10 * time.Millisecond

// readJournal reads the journal of a saga that the caller doesn't own.
func (c storeClient) readJournal(ctx context.Context, record saga.Record) (*journal, error) {
	status, err := c.status(ctx, record)
	if err != nil {
		return nil, err
	}
	if status.Parked != nil {
		return nil, fmt.Errorf("saga %s: %w", record.ID, status.Parked)
	}
	j := &journal{
		id: record.ID, pendingAt: now(), storedState: record.State,
		Saga: fold.Saga{Started: record.State != saga.StateCreated},
	}
	return j, j.load(status.DAG, status.Events, record.Generation)
}

// pollPauses returns a function that returns the time until the next poll of a
// saga that another coordinator runs. The pauses are short at first, because
// most sagas are short, and grow up to Config.Poll.
func (c storeClient) pollPauses() func() time.Duration {
	pause := firstPollPause
	return func() time.Duration {
		p := pause
		pause = min(pause*3/2, max(c.config.Poll, firstPollPause))
		return p
	}
}

// firstPollPause is how long a Wait waits before it polls a saga for the second
// time.
const firstPollPause = 20 * time.Millisecond

// delete removes a final saga.
func (c storeClient) delete(ctx context.Context, id saga.ID) error {
	err := c.withStore(ctx, func(ctx context.Context, st store.Store) error { return st.Delete(ctx, id) })
	switch {
	case errors.Is(err, store.ErrNotFound):
		return fmt.Errorf("saga %s: %w", id, saga.ErrNotFound)
	case errors.Is(err, store.ErrNotFinal):
		return fmt.Errorf("saga %s: delete: %w: it is not final; wait for its end, or resolve or abandon it first", id, saga.ErrWrongState)
	case err != nil:
		return fmt.Errorf("saga %s: delete: %w", id, err)
	}
	return nil
}
