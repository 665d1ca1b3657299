package sec

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/internal/executor"
	"github.com/sagagen/sagagen/runtime/store"
)

// bystander is what can be done with the sagas of a store by somebody who owns none of them: a Client, and a Coordinator
// as to the sagas of others.
type storeClient struct {
	config *Config
	dags   *saga.DAGCache
}

func newStoreClient(config *Config) storeClient { return storeClient{config, new(saga.DAGCache)} }

// withStore calls the store, bounded in time.
func (c storeClient) withStore(ctx context.Context, call func(context.Context, store.Store) error) error {
	limited := newLazyTimeout(ctx, c.config.StoreTimeout)
	defer limited.cancel()
	return call(limited, c.config.Store)
}

// load returns the record of a saga. The error wraps saga.ErrNotFound if there's none.
func (c storeClient) load(ctx context.Context, id saga.ID) (record store.Record, err error) {
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

// list returns the records that a query asks for.
func (c storeClient) list(ctx context.Context, q store.Query) (records []store.Record, err error) {
	err = c.withStore(ctx, func(ctx context.Context, st store.Store) (err error) {
		records, err = st.List(ctx, q)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list sagas: %w", err)
	}
	return records, nil
}

// pages yields the records that a query asks for, at most q.Limit at a time, or the error that ends it.
func (c storeClient) pages(ctx context.Context, q store.Query) iter.Seq2[[]store.Record, error] {
	return func(yield func([]store.Record, error) bool) {
		for {
			records, err := c.list(ctx, q)
			if !yield(records, err) || err != nil || len(records) < q.Limit {
				return
			}
			q.After = records[len(records)-1].ID
		}
	}
}

// status returns the status of a saga, as the store has it.
func (c storeClient) status(ctx context.Context, record store.Record) (*saga.Status, error) {
	dag, err := c.dags.Decode(record.DAG, record.Params)
	if err != nil {
		return nil, fmt.Errorf("saga %s: %w: %w", record.ID, saga.ErrParked, err)
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
		return nil, fmt.Errorf("saga %s: %w", record.ID, err)
	}
	replay(status)
	return status, nil
}

// result returns what a saga that is settled came to.
func (c storeClient) result(ctx context.Context, record store.Record) (saga.Outputs, error) {
	status, err := c.status(ctx, record)
	switch {
	case err != nil:
		return saga.Outputs{}, err
	case status.Parked != nil && status.State == saga.StateSucceeded:
		return saga.Outputs{}, fmt.Errorf("saga %s: %w", record.ID, status.Parked)
	}
	return result(status.Log(), status.State, replay(status).Outputs())
}

// create records a saga that has no owner yet. The first coordinator of its queue that sees it takes it.
func (c storeClient) create(ctx context.Context, id saga.ID, dag *saga.SagaDAG, start bool) error {
	log := &saga.Log{ID: id, DAG: dag}
	if err := c.check(log); err != nil {
		return err
	}
	stamped := dag
	if c.config.Registry != nil {
		stamped = c.config.Registry.WithShapes(dag)
	}
	encoded, params, err := stamped.Parts()
	if err != nil {
		return fmt.Errorf("saga %s: %w", id, err)
	}
	created := store.NewSaga{ID: id, Name: dag.Name(), DAG: encoded, Params: params, State: saga.StateCreated, Queue: c.config.Queue}
	if start {
		created.State = saga.StateRunning
	}
	err = c.withStore(ctx, func(ctx context.Context, st store.Store) error { return st.Create(ctx, created) })
	switch {
	case errors.Is(err, store.ErrExists):
		record, err := c.load(ctx, id)
		if err != nil {
			return err
		}
		return c.matchExisting(ctx, record, log, start)
	case err != nil:
		return fmt.Errorf("saga %s: create: %w", id, err)
	}
	return nil
}

// createdBefore finishes a create for an ID that the store knows.
func (c storeClient) matchExisting(ctx context.Context, record store.Record, log *saga.Log, start bool) error {
	recorded, err := c.status(ctx, record)
	if err != nil {
		return err
	}
	if err := matchLog(recorded.DAG, recorded.Events, log); err != nil || !start || record.State != saga.StateCreated {
		return err
	}
	return c.appendCommand(ctx, record, startCommand)
}

// amend appends to the log of a saga that somebody else owns, or nobody, what grants the wish, and calls the owner. What the owner
// appends meanwhile is not lost, nor is this: the store lets one of two appends win, and the other is done again.
func (c storeClient) appendCommand(ctx context.Context, record store.Record, cmd command) error {
	for {
		if record.State.Final() {
			return cmd.onFinal(record)
		}
		j, err := c.readJournal(ctx, record)
		if err != nil {
			return err
		}
		if err := cmd.apply(j); err != nil {
			return err
		}
		request := j.pendingAppend()
		if len(request.Events) == 0 && request.State == j.storedState {
			return nil
		}
		request.Notify = record.Owner != "" // who claims what nobody owns reads all of it
		err = c.withStore(ctx, func(ctx context.Context, st store.Store) error { return st.Append(ctx, request) })
		switch {
		case err == nil:
			return nil
		case !errors.Is(err, store.ErrSequence) && !errors.Is(err, store.ErrFenced):
			return fmt.Errorf("saga %s: %w; it may be done or not", record.ID, err)
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

// maxAmendPause is how long amend waits at most before it tries again: some appends of the owner.
const maxConflictPause = 10 * time.Millisecond

// read returns how far a saga has come that somebody else owns.
func (c storeClient) readJournal(ctx context.Context, record store.Record) (*journal, error) {
	status, err := c.status(ctx, record)
	if err != nil {
		return nil, err
	}
	if status.Parked != nil {
		return nil, fmt.Errorf("saga %s: %w", record.ID, status.Parked)
	}
	j := &journal{id: record.ID, pendingAt: now(), storedState: record.State, started: record.State != saga.StateCreated}
	return j, j.load(status.DAG, status.Events, record.Generation)
}

// pauses are the times between two looks at a saga that somebody else runs: short at first, as most sagas are.
func (c storeClient) pollPauses() func() time.Duration {
	pause := firstPollPause
	return func() time.Duration {
		p := pause
		pause = min(pause*3/2, max(c.config.Poll, firstPollPause))
		return p
	}
}

// firstLookPause is how long a Wait waits before it looks again at a saga that somebody else runs.
const firstPollPause = 20 * time.Millisecond

// replay sets what follows from the events. If they make no sense, the saga is parked, and shown as if it had none.
func replay(status *saga.Status) *executor.Machine {
	machine, err := executor.Replay(status.DAG.DAG, status.Events)
	if err != nil {
		machine = executor.New(status.DAG.DAG)
		if status.Parked == nil {
			status.Parked = fmt.Errorf("%w: %w", saga.ErrParked, err)
		}
	}
	status.Nodes, status.Paused = machine.States(), machine.Paused()
	for id := range saga.NodeID(len(status.Nodes)) {
		if machine.Breakpoint(id) {
			status.Breakpoints = append(status.Breakpoints, id)
		}
	}
	return machine
}

// result returns what a settled saga came to, given the outputs of its nodes.
func result(log *saga.Log, state saga.State, outputs []json.RawMessage) (saga.Outputs, error) {
	if state == saga.StateSucceeded {
		return saga.NewOutputs(log.DAG.DAG, outputs), nil
	}
	return saga.Outputs{}, &saga.FailedError{
		ID: log.ID, Name: log.DAG.Name(), State: state,
		Failures: log.Failures(), Canceled: log.Canceled(), Abandoned: log.Abandoned(),
	}
}

// continues returns an error unless the recorded saga is that of the log, and has what the log has.
func matchLog(dag *saga.SagaDAG, events []saga.Event, log *saga.Log) error {
	if dag == nil || !dag.Equal(log.DAG) {
		return fmt.Errorf("saga %s: %w: it has another DAG or other parameters", log.ID, saga.ErrSagaExists)
	}
	if n := len(log.Events); n > len(events) || !slices.EqualFunc(events[:n], log.Events, sameEvent) {
		return fmt.Errorf("saga %s: %w: it has another log", log.ID, saga.ErrSagaExists)
	}
	return nil
}
