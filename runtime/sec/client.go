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
// store. It has no goroutines and needs no shutdown. It is safe for concurrent
// use. It is a saga.Coordinator, so that generated Start functions accept it.
type Client struct {
	Operator
	config Config
}

var _ saga.Coordinator = (*Client)(nil)

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
	// Poll is the longest time between two polls of a Wait. Default: 1 s.
	Poll time.Duration
	// StoreTimeout bounds each call of the store. Default: 10 s.
	StoreTimeout time.Duration
	// MaxPayload is the largest size of the parameters, and of a supplied
	// output, in bytes of JSON. Default: 1 MiB.
	MaxPayload int
	// WarnPayload is the size in bytes above which a warning is logged.
	// Default: 256 KiB.
	WarnPayload int
	// MaxNodes and MaxEdges limit the size of a new saga, structural nodes
	// included. Defaults: 1000 nodes and 5000 edges.
	MaxNodes, MaxEdges int
}

// NewClient returns a client. It returns an error if the config is invalid; it
// doesn't call the store.
func NewClient(clientConfig ClientConfig) (*Client, error) {
	if clientConfig.Store == nil {
		return nil, errors.New("sec: client: ClientConfig.Store is nil; a client needs the store of the coordinators")
	}
	config := Config{
		Store: clientConfig.Store, Logger: clientConfig.Logger, Queue: clientConfig.Queue,
		Poll: clientConfig.Poll, StoreTimeout: clientConfig.StoreTimeout,
		MaxPayload: clientConfig.MaxPayload, WarnPayload: clientConfig.WarnPayload,
		MaxNodes: clientConfig.MaxNodes, MaxEdges: clientConfig.MaxEdges,
	}.withDefaults()
	config.Registry = clientConfig.Registry // without a default
	if err := config.validate(); err != nil {
		return nil, err
	}
	c := &Client{config: config}
	c.Operator = Operator{
		client: newStoreClient(&c.config),
		submit: c.submit,
		unpark: func(saga.ID, uint64) bool { return false }, // a client parks nothing
	}
	return c, nil
}

func (c *Client) submit(ctx context.Context, id saga.ID, cmd command) error {
	record, err := c.client.load(ctx, id)
	if err != nil {
		return err
	}
	return c.client.appendCommand(ctx, record, cmd)
}

// Create records a saga without starting it. See Coordinator.Create.
func (c *Client) Create(ctx context.Context, id saga.ID, dag *saga.SagaDAG) error {
	return c.client.create(ctx, id, dag, false)
}

// CreateAndStart records a saga and starts it. The first coordinator of the
// queue that polls claims the saga and runs it. When CreateAndStart returns
// nil, the saga is durable. If the same saga exists, CreateAndStart starts it
// unless it has been started. The errors are those of Coordinator.Create,
// without saga.ErrShutdown.
func (c *Client) CreateAndStart(ctx context.Context, id saga.ID, dag *saga.SagaDAG) error {
	return c.client.create(ctx, id, dag, true)
}

// Start starts a saga that Create has recorded. It does nothing if the saga has
// been started. When it returns nil, the start is durable. The error wraps
// saga.ErrNotFound, or saga.ErrParked if the log can't be replayed.
func (c *Client) Start(ctx context.Context, id saga.ID) error { return c.submit(ctx, id, startCommand) }

// Wait returns when the saga is settled. See Coordinator.Wait. It polls the
// store: again after some milliseconds at first, then less often, up to every
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

// List returns the records that match the query.
func (c *Client) List(ctx context.Context, q store.Query) ([]store.Record, error) {
	return c.client.list(ctx, q)
}
