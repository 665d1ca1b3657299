package saga

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
)

// Coordinator runs sagas. It is the interface that Start, Find and Run need.
// Package sec implements it with a coordinator and with a client for
// coordinators in other processes.
type Coordinator interface {
	// CreateAndStart records a saga and starts it. After it returns nil, the
	// saga is durable and runs to its end, even if this process crashes. If the
	// same saga, with the same DAG and parameters, already exists,
	// CreateAndStart starts it unless it has been started. The error wraps
	// ErrSagaExists if another saga has that ID.
	CreateAndStart(ctx context.Context, id ID, dag *SagaDAG) error
	// Wait waits until the saga is final or stuck. It returns the outputs if
	// the saga succeeded, and otherwise a *FailedError. The context bounds only
	// the wait. The error wraps ErrNotFound if there is no such saga, ErrParked
	// if the saga is parked, and ErrStopped if the coordinator is stopping.
	Wait(ctx context.Context, id ID) (Outputs, error)
	// Status returns the current status of a saga. The error wraps ErrNotFound
	// if there is no such saga.
	Status(ctx context.Context, id ID) (*Status, error)
}

// Result is implemented by pointers to generated result types.
type Result[R any] interface {
	*R
	DecodeOutputs(Outputs) error
}

// Run is a handle of one saga whose result type is R. It is safe for concurrent
// use and needs no closing.
type Run[R any] struct {
	coordinator Coordinator
	id          ID
	decode      func(Outputs) (R, error)
}

// Start creates a saga with params and starts it. params is encoded as JSON.
// The saga gets a new ID unless an option sets it. With such an option, Start
// may be repeated, and the saga runs once. After Start returns nil, the saga is
// durable.
//
// The error wraps ErrSagaExists if the ID belongs to a saga with another DAG or
// other parameters, ErrUnknownAction if the coordinator's registry lacks an
// action, and ErrStopped if the coordinator is stopping. After an error of the
// store, the saga may exist or not; repeat the call with the same ID to be
// sure.
func Start[R any, P Result[R]](
	ctx context.Context, coordinator Coordinator, dag *DAG, params any, options ...StartOption,
) (*Run[R], error) {
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
		return nil, fmt.Errorf("saga %q: the id is zero", dag.name)
	}
	if err := coordinator.CreateAndStart(ctx, config.id, withParams); err != nil {
		return nil, err
	}
	return newRun[R, P](coordinator, config.id), nil
}

// Find returns a handle of an existing saga. Any process may have started it.
// The error wraps ErrNotFound if there is no saga with that ID and name.
func Find[R any, P Result[R]](
	ctx context.Context, coordinator Coordinator, name Name, id ID,
) (*Run[R], error) {
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

// ID returns the ID of the saga.
func (r *Run[R]) ID() ID { return r.id }

// Wait waits until the saga is final or stuck. It returns the result if the
// saga succeeded, and otherwise a *FailedError, in which errors.As finds the
// errors of the actions. The context bounds only the wait; the saga continues.
// Wait returns other errors like Coordinator.Wait.
func (r *Run[R]) Wait(ctx context.Context) (R, error) {
	outputs, err := r.coordinator.Wait(ctx, r.id)
	if err != nil {
		var zero R
		return zero, err
	}
	return r.decode(outputs)
}

// Status returns the current status of the saga.
func (r *Run[R]) Status(ctx context.Context) (*Status, error) {
	return r.coordinator.Status(ctx, r.id)
}

// StartOption is an option of Start: WithID or WithIdempotencyKey.
type StartOption interface {
	apply(*startConfig, Name) error
}

type startConfig struct{ id ID }

// WithID sets the ID of the saga. Start returns an error if the ID is zero.
func WithID(id ID) StartOption { return idOption(id) }

type idOption ID

func (o idOption) apply(c *startConfig, _ Name) error {
	c.id = ID(o)
	return nil
}

// WithIdempotencyKey derives the ID of the saga from its name and a key of the
// caller, such as an order number. The same name and key always produce the
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

// KeyID returns the ID that WithIdempotencyKey sets for a saga with that name.
// It is a UUID of version 5.
func KeyID(name Name, key string) ID {
	return ID(uuid.NewSHA1(keySpace, []byte(string(name)+"\x00"+key)))
}

// keySpace is a random UUID. It separates these IDs from other UUIDs of version
// 5.
var keySpace = uuid.MustParse("6c1f6a5e-9f0d-4a53-8d39-5d1b8f2f7f11")
