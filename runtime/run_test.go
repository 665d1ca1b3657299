package saga_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
)

// tripResult is like the type that sagagen generates for a saga of one node.
type tripResult struct {
	nodes struct {
		Last string `saga:"last"`
	}
}

func (r *tripResult) DecodeOutputs(outputs saga.Outputs) error { return outputs.Decode(&r.nodes) }

// fakeCoordinator keeps the sagas that it gets. Wait returns the parameters as
// the output, and err.
type fakeCoordinator struct {
	sagas map[saga.ID]*saga.SagaDAG
	err   error
}

func (c *fakeCoordinator) CreateAndStart(_ context.Context, id saga.ID, dag *saga.SagaDAG) error {
	if c.err != nil {
		return c.err
	}
	c.sagas[id] = dag
	return nil
}

func (c *fakeCoordinator) Wait(_ context.Context, id saga.ID) (saga.Outputs, error) {
	d, ok := c.sagas[id]
	if !ok {
		return saga.Outputs{}, saga.ErrNotFound
	}
	values := make([]json.RawMessage, d.Len())
	values[d.Output()] = d.Params()
	return d.DAG.Outputs(values), c.err
}

func (c *fakeCoordinator) Status(_ context.Context, id saga.ID) (*saga.Status, error) {
	d, ok := c.sagas[id]
	if !ok {
		return nil, saga.ErrNotFound
	}
	return &saga.Status{ID: id, Name: d.Name(), DAG: d}, nil
}

func startLast(
	t testing.TB, c *fakeCoordinator, params any, options ...saga.StartOption,
) (*saga.Run[tripResult], error) {
	t.Helper()
	dag := build(t, saga.NewDAGBuilder("last-saga").Append(action("last")))
	return saga.Start[tripResult](context.Background(), c, dag, params, options...)
}

func TestStartAndWait(t *testing.T) {
	c := &fakeCoordinator{sagas: map[saga.ID]*saga.SagaDAG{}}
	run, err := startLast(t, c, "hello")
	require.NoError(t, err)
	assert.False(t, run.ID().IsZero())
	result, err := run.Wait(context.Background())
	require.NoError(t, err)
	assert.Equal(t, "hello", result.nodes.Last)
	status, err := run.Status(context.Background())
	require.NoError(t, err)
	assert.Equal(t, run.ID(), status.ID)

	again, err := startLast(t, c, "hello")
	require.NoError(t, err)
	assert.NotEqual(t, run.ID(), again.ID())

	found, err := saga.Find[tripResult](context.Background(), c, "last-saga", run.ID())
	require.NoError(t, err)
	result, err = found.Wait(context.Background())
	require.NoError(t, err)
	assert.Equal(t, "hello", result.nodes.Last)
}

func TestWaitReturnsErrors(t *testing.T) {
	c := &fakeCoordinator{sagas: map[saga.ID]*saga.SagaDAG{}}
	run, err := startLast(t, c, 1)
	require.NoError(t, err)
	_, err = run.Wait(context.Background())
	assert.ErrorContains(t, err, `outputs of saga "last-saga": "last": json: cannot unmarshal number`)

	c.err = &saga.FailedError{Name: "last-saga"}
	_, err = run.Wait(context.Background())
	assert.Same(t, c.err, err)
}

func TestStartReturnsErrors(t *testing.T) {
	c := &fakeCoordinator{err: saga.ErrStopped}
	_, err := startLast(t, c, 1)
	assert.ErrorIs(t, err, saga.ErrStopped)
	_, err = startLast(t, c, func() {})
	assert.EqualError(t, err, `saga "last-saga": parameters: json: unsupported type: func()`)
	_, err = startLast(t, c, 1, saga.WithID(saga.ID{}))
	assert.EqualError(t, err, `saga "last-saga": the id is zero`)
	_, err = saga.Start[tripResult](context.Background(), c, nil, 1, saga.WithIdempotencyKey("k"))
	assert.EqualError(t, err, "saga has no DAG")
}

func TestFindReturnsErrors(t *testing.T) {
	c := &fakeCoordinator{sagas: map[saga.ID]*saga.SagaDAG{}}
	run, err := startLast(t, c, 1, saga.WithID(logID))
	require.NoError(t, err)
	assert.Equal(t, logID, run.ID())
	_, err = saga.Find[tripResult](context.Background(), c, "book-trip", logID)
	assert.EqualError(t, err,
		`no such saga: 049b2522-308d-442e-bc65-9bfaef863597 is a saga "last-saga", not "book-trip"`)
	assert.ErrorIs(t, err, saga.ErrNotFound)
	_, err = saga.Find[tripResult](context.Background(), c, "last-saga", saga.NewID())
	assert.True(t, errors.Is(err, saga.ErrNotFound))
}

func TestKeyIDsNeverChange(t *testing.T) {
	assert.Equal(t, "14abe2b8-b2f8-5dde-82a6-0c7eb719df21", saga.KeyID("book-trip", "order-1").String())
	assert.Equal(t, saga.KeyID("book-trip", "order-1"), saga.KeyID("book-trip", "order-1"))
	seen := map[saga.ID]bool{}
	for _, name := range []saga.Name{"a", "ab", ""} {
		for _, key := range []string{"", "b", "bc", "c", "\x00", "\x00b"} {
			id := saga.KeyID(name, key)
			assert.False(t, id.IsZero())
			assert.False(t, seen[id], "%q %q", name, key)
			seen[id] = true
		}
	}

	c := &fakeCoordinator{sagas: map[saga.ID]*saga.SagaDAG{}}
	run, err := startLast(t, c, 1, saga.WithIdempotencyKey("order-1"))
	require.NoError(t, err)
	assert.Equal(t, saga.KeyID("last-saga", "order-1"), run.ID())
}

func TestStartRejectsAnEmptyIdempotencyKey(t *testing.T) {
	c := &fakeCoordinator{sagas: map[saga.ID]*saga.SagaDAG{}}
	run, err := startLast(t, c, 1, saga.WithIdempotencyKey(""))
	assert.EqualError(t, err, `saga "last-saga": the idempotency key is empty`)
	assert.Nil(t, run)
	assert.Empty(t, c.sagas)
}
