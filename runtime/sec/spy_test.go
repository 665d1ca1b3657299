package sec_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/sec"
	"github.com/sagagen/sagagen/runtime/store"
)

// spyStore counts the writes to a store. A test can make them fail or hang.
type spyStore struct {
	store.Store
	mu    sync.Mutex
	count int
	// before and after are called around each write, with its number from 1. If
	// before returns an error, the write is not made. If after returns an
	// error, the write takes effect, but reports the error.
	before, after func(n int) error
	// hang, if not nil, blocks every write until it is closed or the context of
	// the write ends.
	hang chan struct{}
	// listsHang makes List block until its context ends.
	listsHang atomic.Bool
}

var errStore = errors.New("store is down")

// hangWrites makes every later write block.
func (s *spyStore) hangWrites() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hang = make(chan struct{})
}

func (s *spyStore) hangLists() { s.listsHang.Store(true) }

func (s *spyStore) List(ctx context.Context, q saga.Query) ([]saga.Record, error) {
	if s.listsHang.Load() {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return s.Store.List(ctx, q)
}

func (s *spyStore) writes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count
}

func (s *spyStore) write(ctx context.Context, call func() error) error {
	s.mu.Lock()
	s.count++
	n, hang := s.count, s.hang
	s.mu.Unlock()
	if hang != nil {
		select {
		case <-hang:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if s.before != nil {
		if err := s.before(n); err != nil {
			return err
		}
	}
	if err := call(); err != nil {
		return err
	}
	if s.after != nil {
		return s.after(n)
	}
	return nil
}

func (s *spyStore) Create(ctx context.Context, n store.NewSaga) error {
	return s.write(ctx, func() error { return s.Store.Create(ctx, n) })
}

func (s *spyStore) Append(ctx context.Context, a store.Append) error {
	return s.write(ctx, func() error { return s.Store.Append(ctx, a) })
}

// storedKinds lists the events in a store in the form "a started".
func storedKinds(t *testing.T, st store.Store, id saga.ID) []string {
	t.Helper()
	record, err := st.Load(context.Background(), id)
	require.NoError(t, err)
	var dag saga.SagaDAG
	require.NoError(t, json.Unmarshal(record.DAG, &dag))
	events, err := st.Events(context.Background(), id, 0, 0)
	require.NoError(t, err)
	var lines []string
	for _, e := range events {
		lines = append(lines, fmt.Sprintf("%s %s", dag.Path(e.Node), e.Kind))
	}
	return lines
}

// openWith starts a coordinator with the given registry.
func openWith(t *testing.T, st store.Store, registry *saga.Registry) *sec.Coordinator {
	t.Helper()
	c, err := sec.New(sec.Config{
		Store: st, Registry: registry, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	require.NoError(t, err)
	require.NoError(t, c.Start())
	t.Cleanup(func() { require.NoError(t, c.Stop(context.Background())) })
	return c
}

// badAction breaks the contract of saga.Action: its output is not JSON.
type badAction struct{}

func (badAction) Name() saga.ActionName                          { return "bad" }
func (badAction) Do(saga.ActionContext) (json.RawMessage, error) { return json.RawMessage("{"), nil }
func (badAction) Undo(saga.ActionContext) error                  { return nil }
func (badAction) Policy(saga.Direction) saga.Policy              { return saga.Policy{} }
func (badAction) Shape() saga.Shape                              { return saga.Shape{} }

func contextFor(t *testing.T, d time.Duration) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithTimeout(t.Context(), d)
}
