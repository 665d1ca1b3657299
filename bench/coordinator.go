package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/sec"
	"github.com/sagagen/sagagen/runtime/store"
)

// workload is a kind of saga that the clients run.
type workload struct {
	registry *saga.Registry
	// run runs one saga and checks its output. It is called concurrently.
	run func(ctx context.Context, c *sec.Coordinator) error
	// check returns an error unless the actions were called exactly as often as
	// that many sagas call them.
	check func(sagas int64) error
}

// sagagenOn returns the setup of a case of this project: a coordinator with its
// defaults on a store.
func sagagenOn(open opener, load func() *workload) setupFunc {
	return func(ctx context.Context, env *environment, clients int) (session, error) {
		b, err := open(ctx, env)
		if err != nil {
			return nil, err
		}
		w := load()
		c, err := newCoordinator(b.store, w.registry)
		if err != nil {
			return nil, errors.Join(err, b.close())
		}
		return &closedLoop{
			clients: clients,
			saga:    func(ctx context.Context) error { return w.run(ctx, c) },
			meter:   b.meter,
			verify: func(ctx context.Context, sagas int64) error {
				return errors.Join(w.check(sagas), checkSucceeded(ctx, b.store, sagas))
			},
			end: func() error { return errors.Join(c.Stop(context.Background()), b.close()) },
		}, nil
	}
}

// newCoordinator returns a coordinator that runs.
func newCoordinator(st store.Store, registry *saga.Registry) (*sec.Coordinator, error) {
	c, err := sec.New(sec.Config{
		Store: st, Registry: registry, Logger: slog.New(slog.DiscardHandler),
		MaxNodes: 20_000, // for the largest chains and fans
	})
	if err != nil {
		return nil, err
	}
	return c, c.Start()
}

// checkSucceeded returns an error unless the store holds exactly want sagas and
// all of them have succeeded.
func checkSucceeded(ctx context.Context, st store.Store, want int64) error {
	query := saga.Query{Limit: 10_000}
	found := int64(0)
	for {
		records, err := st.List(ctx, query)
		if err != nil {
			return err
		}
		for _, r := range records {
			if r.State != saga.StateSucceeded {
				return fmt.Errorf("saga %s is %v in the store, want succeeded", r.ID, r.State)
			}
		}
		found += int64(len(records))
		if len(records) < query.Limit {
			break
		}
		query.After = records[len(records)-1].ID
	}
	if found != want {
		return fmt.Errorf("the store has %d sagas, want %d", found, want)
	}
	return nil
}
