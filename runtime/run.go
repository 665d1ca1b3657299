package saga

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
)

// Coordinator is what runs sagas, as far as Start, Find and a Run need it. Package sec has one.
type Coordinator interface {
	// CreateAndStart records a saga and starts it. When it returns nil, the saga is durable: it will
	// end, whatever happens to this process. It does nothing if the same saga, of the
	// same DAG and parameters, exists; the error wraps ErrSagaExists if another has that ID.
	CreateAndStart(ctx context.Context, id ID, dag *SagaDAG) error
	// Wait returns when the saga is settled: the outputs if it has succeeded, and otherwise a
	// *FailedError. The context bounds the wait and nothing else.
	Wait(ctx context.Context, id ID) (Outputs, error)
	// Status returns what is known of a saga now. The error wraps ErrNotFound if there's none.
	Status(ctx context.Context, id ID) (*Status, error)
}

// Result is implemented by pointers to generated result types.
type Result[R any] interface {
	*R
	DecodeOutputs(Outputs) error
}

// Run is the handle of one saga whose result is an R. It may be used by several goroutines, and holds nothing that needs closing.
type Run[R any] struct {
	coordinator Coordinator
	id          ID
	decode      func(Outputs) (R, error)
}

// Start creates a saga with these parameters and starts it. Its ID is a new one, unless an
// option gives it; with such an option Start may be repeated, and the saga runs once. When Start returns
// nil, the saga is durable.
//
// The error wraps ErrSagaExists if the ID is that of a saga with another DAG or other parameters,
// ErrUnknownAction if the coordinator's registry lacks an action, and ErrShutdown. After an error of the store the saga may
// exist or not; repeat the call with the same ID to be sure.
func Start[R any, P Result[R]](ctx context.Context, coordinator Coordinator, dag *DAG, params any, options ...StartOption) (*Run[R], error) {
	withParams, err := NewSagaDAG(dag, params)
	if err != nil {
		return nil, err
	}
	config := startConfig{id: NewID()}
	for _, option := range options {
		if err := option.apply(&config, dag.name); err != nil {
			return nil, fmt.Errorf("saga %q: %w", dag.name, err)
		}
	}
	if config.id.IsZero() {
		return nil, fmt.Errorf("saga %q: the zero id is no saga's", dag.name)
	}
	if err := coordinator.CreateAndStart(ctx, config.id, withParams); err != nil {
		return nil, err
	}
	return newRun[R, P](coordinator, config.id), nil
}

// Find returns the handle of a saga that was started before, maybe by another process. The error wraps ErrNotFound if
// there is none of that ID, or it is not of that name.
func Find[R any, P Result[R]](ctx context.Context, coordinator Coordinator, name Name, id ID) (*Run[R], error) {
	status, err := coordinator.Status(ctx, id)
	if err != nil {
		return nil, err
	}
	if status.Name != name {
		return nil, fmt.Errorf("%w: %s is a saga %q, not %q", ErrNotFound, id, status.Name, name)
	}
	return newRun[R, P](coordinator, id), nil
}

func newRun[R any, P Result[R]](coordinator Coordinator, id ID) *Run[R] {
	return &Run[R]{coordinator: coordinator, id: id, decode: func(outputs Outputs) (R, error) {
		var result R
		err := P(&result).DecodeOutputs(outputs)
		return result, err
	}}
}

// ID returns the saga's ID.
func (r *Run[R]) ID() ID { return r.id }

// Wait returns the result when the saga has succeeded. When it has failed, or is stuck, the
// error is a *FailedError, in which errors.As finds the actions' own errors. The context bounds the
// wait and nothing else: the saga goes on.
func (r *Run[R]) Wait(ctx context.Context) (R, error) {
	outputs, err := r.coordinator.Wait(ctx, r.id)
	if err != nil {
		var zero R
		return zero, err
	}
	return r.decode(outputs)
}

// Status returns what is known of the saga now.
func (r *Run[R]) Status(ctx context.Context) (*Status, error) {
	return r.coordinator.Status(ctx, r.id)
}

// StartOption is an option of Start: WithID or WithIdempotencyKey.
type StartOption interface {
	apply(*startConfig, Name) error
}

type startConfig struct{ id ID }

// WithID gives the saga that ID.
func WithID(id ID) StartOption { return idOption(id) }

type idOption ID

func (o idOption) apply(c *startConfig, _ Name) error {
	c.id = ID(o)
	return nil
}

// WithIdempotencyKey derives the saga's ID from its name and a key of the
// caller's, such as an order number: the same name and key always give the
// same ID, so Start may be repeated and the saga runs once. Start returns an
// error if the key is empty.
func WithIdempotencyKey(key string) StartOption { return keyOption(key) }

type keyOption string

func (o keyOption) apply(c *startConfig, name Name) error {
	if o == "" {
		return errors.New("the idempotency key is empty")
	}
	c.id = KeyID(name, string(o))
	return nil
}

// KeyID returns the ID that WithIdempotencyKey gives a saga of that name: a UUID of version 5.
func KeyID(name Name, key string) ID {
	return ID(uuid.NewSHA1(keySpace, []byte(string(name)+"\x00"+key)))
}

// keySpace is a random UUID that keeps the IDs made from keys apart from other UUIDs of version 5.
var keySpace = uuid.MustParse("6c1f6a5e-9f0d-4a53-8d39-5d1b8f2f7f11")
