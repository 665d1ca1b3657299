package sec

import (
	"context"
	"errors"
	"fmt"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

// Client submits sagas, waits for them and gives orders, on a store whose sagas coordinators run in other
// processes. It runs nothing itself, has no goroutines, and needs no closing. It may be used by several goroutines, and is a
// saga.Coordinator: generated Start functions take it.
type Client struct {
	Operator
	config Config
}

var _ saga.Coordinator = (*Client)(nil)

// NewClient returns a client on config.Store, which must be set. Of the rest it uses Queue, in which it creates sagas; Poll, the longest
// time between two looks of a Wait; StoreTimeout; and the limits of a saga's size. With a Registry, whose actions are never called, it
// refuses sagas of actions that aren't there, and records the shapes of their data, by which a coordinator whose code doesn't fit is
// found; without one, neither.
func NewClient(config Config) (*Client, error) {
	if config.Store == nil {
		return nil, errors.New("sec: client: Config.Store is nil; a client needs the store of the coordinators")
	}
	registry := config.Registry
	config = config.withDefaults()
	config.Registry = registry
	if err := config.validate(); err != nil {
		return nil, err
	}
	c := &Client{config: config}
	c.Operator = Operator{client: newStoreClient(&c.config), submit: c.submit, unpark: func(saga.ID, uint64) bool { return false }}
	return c, nil
}

func (c *Client) submit(ctx context.Context, id saga.ID, cmd command) error {
	record, err := c.client.load(ctx, id)
	if err != nil {
		return err
	}
	return c.client.appendCommand(ctx, record, cmd)
}

// Create records a saga without starting it, as Coordinator.Create does.
func (c *Client) Create(ctx context.Context, id saga.ID, dag *saga.SagaDAG) error {
	return c.client.create(ctx, id, dag, false)
}

// CreateAndStart records a saga, which the first coordinator of the queue that looks takes and runs. When it returns nil, the saga
// is durable. If the same saga exists, it is started unless it has been. The errors are those of Coordinator.Create.
func (c *Client) CreateAndStart(ctx context.Context, id saga.ID, dag *saga.SagaDAG) error {
	return c.client.create(ctx, id, dag, true)
}

// Start starts a saga that was created, and does nothing if it has been started. When it returns nil, the
// start is durable. The error wraps saga.ErrNotFound, or saga.ErrParked if the log makes no sense.
func (c *Client) Start(ctx context.Context, id saga.ID) error { return c.submit(ctx, id, startCommand) }

// Wait returns when the saga is settled, as Coordinator.Wait does. It looks at the store again and again, at first after some milliseconds, then
// up to every Config.Poll.
func (c *Client) Wait(ctx context.Context, id saga.ID) (saga.Outputs, error) {
	pause := c.client.pollPauses()
	for {
		record, err := c.client.load(ctx, id)
		switch {
		case err != nil:
			return saga.Outputs{}, err
		case record.State.Settled():
			return c.client.result(ctx, record)
		}
		select {
		case <-time.After(pause()):
		case <-ctx.Done():
			return saga.Outputs{}, fmt.Errorf("saga %s: wait: %w", id, ctx.Err())
		}
	}
}

// Status returns what the store knows of a saga. What only its coordinator knows, such as the attempts of what is being
// retried, is not in it. The error wraps saga.ErrNotFound if there is none.
func (c *Client) Status(ctx context.Context, id saga.ID) (*saga.Status, error) {
	record, err := c.client.load(ctx, id)
	if err != nil {
		return nil, err
	}
	return c.client.status(ctx, record)
}

// List returns the records that the query asks for.
func (c *Client) List(ctx context.Context, q store.Query) ([]store.Record, error) {
	return c.client.list(ctx, q)
}
