package sec

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

// Client submits sagas, waits for them, and issues operator commands.
// Coordinators in other processes run the sagas; the client works on their
// store. It has no goroutines and needs no closing. It is safe for concurrent
// use. It is a saga.Coordinator, so that generated Start functions accept it,
// and a saga.Operator.
type Client struct {
	config  Config
	client  storeClient
	applier applier
}

var (
	_ saga.Coordinator = (*Client)(nil)
	_ saga.Operator    = (*Client)(nil)
)

// ClientConfig configures a Client.
type ClientConfig struct {
	// Store is the store of the coordinators. Required.
	Store store.Store
	// Registry has the actions, which a client never calls. With a registry,
	// the client rejects sagas of unknown actions, and records the JSON shapes
	// of a saga's data, so that a coordinator with incompatible code parks the
	// saga instead of running it. Default: none; the client does neither.
	Registry *saga.Registry
	// Logger receives warnings about large payloads. Default: slog.Default().
	Logger *slog.Logger
	// Queue is the queue in which the client creates sagas. Default: "".
	Queue string
	// Poll is the longest pause between two polls of Wait. Default: 1 s.
	Poll time.Duration
	// StoreTimeout bounds each call of the store. Default: 10 s.
	StoreTimeout time.Duration
	// MaxPayload is the largest size of the parameters, and of a supplied
	// output, in bytes of JSON. Above a quarter of it a warning is logged.
	// Default: 1 MiB.
	MaxPayload int
	// MaxNodes is the largest number of nodes of a new saga, structural nodes
	// included. It can have five times as many edges. Default: 1000.
	MaxNodes int
}

// NewClient returns a client. It doesn't call the store. The error says which
// field of the configuration is not valid.
func NewClient(clientConfig ClientConfig) (*Client, error) {
	if clientConfig.Store == nil {
		return nil, errors.New("sec: client: ClientConfig.Store is nil; a client needs the store of the coordinators")
	}
	config := Config{
		Store: clientConfig.Store, Logger: clientConfig.Logger, Queue: clientConfig.Queue,
		Poll: clientConfig.Poll, StoreTimeout: clientConfig.StoreTimeout,
		MaxPayload: clientConfig.MaxPayload, MaxNodes: clientConfig.MaxNodes,
	}.withDefaults()
	config.Registry = clientConfig.Registry // without a default
	if err := config.validate(); err != nil {
		return nil, err
	}
	c := &Client{config: config}
	c.client = newStoreClient(&c.config)
	c.applier = applier{
		client: c.client,
		submit: c.submit,
		unpark: func(saga.ID, uint64) bool { return false }, // a client parks nothing
	}
	return c, nil
}

func (c *Client) submit(ctx context.Context, id saga.ID, change change) error {
	record, err := c.client.load(ctx, id)
	if err != nil {
		return err
	}
	return c.client.appendChange(ctx, record, change)
}

// Create records a saga without starting it. See Coordinator.Create.
func (c *Client) Create(ctx context.Context, id saga.ID, dag *saga.SagaDAG) error {
	return c.client.create(ctx, &saga.Log{ID: id, DAG: dag}, false)
}

// CreateAndStart records a saga and starts it. The first coordinator of the
// queue that polls claims the saga and runs it. When CreateAndStart returns
// nil, the saga is durable. If the same saga exists, CreateAndStart starts it
// unless it has been started. The errors are those of Coordinator.Create,
// without saga.ErrStopped.
func (c *Client) CreateAndStart(ctx context.Context, id saga.ID, dag *saga.SagaDAG) error {
	return c.client.create(ctx, &saga.Log{ID: id, DAG: dag}, true)
}

// StartCreated starts a saga that Create has recorded. It does nothing if the
// saga has been started. When it returns nil, the start is durable. The error
// wraps saga.ErrNotFound, or saga.ErrParked if the log can't be replayed.
func (c *Client) StartCreated(ctx context.Context, id saga.ID) error {
	return c.submit(ctx, id, startChange)
}

// Wait returns when the saga is settled; see Coordinator.Wait. It polls the
// store. The pauses are a few milliseconds at first, and grow up to
// ClientConfig.Poll.
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

// Status returns the status of a saga as it is in the store. The store doesn't
// have what only the saga's coordinator knows, such as the number of attempts
// of a task that is being retried. The error wraps saga.ErrNotFound if there is
// no such saga.
func (c *Client) Status(ctx context.Context, id saga.ID) (*saga.Status, error) {
	record, err := c.client.load(ctx, id)
	if err != nil {
		return nil, err
	}
	return c.client.status(ctx, record)
}

// List returns the records that match the query; see saga.Operator.
func (c *Client) List(ctx context.Context, q saga.Query) ([]saga.Record, error) {
	return c.client.list(ctx, q)
}

// Apply applies an operator command; see saga.Operator. It appends the command
// to the saga's log. The coordinator that runs the saga finds it with its next
// append, or within its Config.Poll.
func (c *Client) Apply(ctx context.Context, id saga.ID, command saga.Command) error {
	return c.applier.apply(ctx, id, command)
}

// Delete removes a final saga and its log; see saga.Operator.
func (c *Client) Delete(ctx context.Context, id saga.ID) error { return c.client.delete(ctx, id) }
