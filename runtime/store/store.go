// Package store defines Store, the database interface of coordinators, and
// implements it in memory.
//
// The doc comment of Store is its specification. Package storetest tests that
// an implementation keeps it.
package store

import (
	"context"
	"errors"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
)

// Errors that a Store returns. After any other error, it is unknown whether the
// call had an effect. The caller reads the saga with Load and Events, or
// repeats the call.
var (
	// ErrExists is returned by Create if a saga with that ID exists.
	ErrExists = errors.New("saga exists")
	// ErrNotFound is returned if no saga with that ID exists.
	ErrNotFound = errors.New("saga not found")
	// ErrFenced is returned by Append and Release if the saga has another
	// generation: it was claimed or released in the meantime. The caller no
	// longer owns the saga and must stop executing it.
	ErrFenced = errors.New("saga is owned by another coordinator")
	// ErrSequence is returned by Append if the saga's next event number is not
	// the expected one. Either an earlier append whose outcome is unknown to
	// the caller has succeeded, or someone else has appended.
	ErrSequence = errors.New("saga log has other events than expected")
	// ErrNotFinal is returned by Delete if the saga's state is not final.
	ErrNotFinal = errors.New("saga is not final")
	// ErrUndecodable is returned by Events and Logs if this program, as it is
	// configured, can't decode a stored payload. Repeating the call doesn't
	// help. Only stores of package codec return it.
	ErrUndecodable = errors.New("stored payload can't be decoded")
)

// Store keeps the records and the event logs of sagas. Its methods are safe for
// concurrent use by multiple goroutines. Multiple processes may use one
// database at the same time.
//
// Every method is atomic: it takes effect completely or not at all. When a
// method that changes something returns nil, the change is durable: it survives
// a crash of the process and of the machine. The memory store is the exception.
// Every later call sees the change.
//
// If the context is already done, a method changes nothing and returns the
// context's error. If the context becomes done during a call, the method
// returns soon after. Its outcome is then unknown: the change may even take
// effect after the method has returned.
//
// A store doesn't retain its arguments, and the caller may modify the results.
// Payloads, DAGs and parameters are returned byte for byte, but an empty one
// becomes nil. The times of events are kept to the millisecond or better. A
// store rejects arguments for which the Check method of NewSaga, Append or
// Claim returns an error, and changes nothing.
//
// At any time, a saga is owned by one coordinator or is unowned. Each record
// has a generation, which is a fencing token: every Claim and every Release
// increments it. An Append with an older generation fails, so a former owner
// can't write to the saga, even if it hasn't noticed that it lost the saga. A
// lease protects a saga from being claimed by others until the lease expires,
// by the clock of the database.
//
// A client that isn't the owner may also append, with the current generation,
// and notify the owner. The owner finds the sagas for which it was notified
// with List. It also notices at its next Append, which returns ErrSequence if
// the client has appended events.
type Store interface {
	// Create records a saga with generation 1 and its first events, which are
	// numbered from 0. It returns ErrExists, and changes nothing, if a saga
	// with that ID exists.
	Create(ctx context.Context, s NewSaga) error

	// Append adds events to a saga's log and sets its state and whether its
	// owner is notified. The saga must have the given generation, and Seq must
	// be the number of its next event. If not, Append changes nothing and
	// returns ErrNotFound, ErrFenced or ErrSequence, the first that applies.
	// Without events, Append only sets the state and the notification, under
	// the same conditions. A saga that has left StateCreated can't return to
	// it: such an append returns ErrSequence.
	Append(ctx context.Context, a Append) error

	// Load returns a saga's record with its DAG and parameters. It returns
	// ErrNotFound if no saga with that ID exists.
	Load(ctx context.Context, id saga.ID) (saga.Record, error)

	// Events returns a saga's events in order, beginning with number from. It
	// returns at most limit events if limit is positive. It returns no events
	// and no error if the saga doesn't exist.
	Events(ctx context.Context, id saga.ID, from uint64, limit int) ([]engine.Event, error)

	// Logs returns the complete logs of several sagas in one call, in the order
	// of the IDs. Each log is what Events returns from number 0 without a
	// limit. Logs returns an error if it can't read one of them. To find out
	// which, the caller calls Events for each ID.
	Logs(ctx context.Context, ids []saga.ID) ([][]engine.Event, error)

	// List returns the records that match the query, ordered by ID, without
	// DAGs and parameters.
	List(ctx context.Context, q saga.Query) ([]saga.Record, error)

	// Claim makes the claimant the owner of sagas that are in the given queue,
	// are not final, are not already its own, and are unowned or have an
	// expired lease. It claims the sagas with the lowest IDs first, at most
	// Limit. It increments their generations and clears their notifications. It
	// returns the updated records, with DAGs and parameters. Concurrent claims
	// never return the same saga. A claim may skip a saga that is being written
	// at the same time.
	Claim(ctx context.Context, c Claim) ([]saga.Record, error)

	// Renew extends the leases of all of an owner's sagas that are not final:
	// none of them expires sooner than the given time from now. If that time is
	// zero or negative, the leases expire immediately.
	Renew(ctx context.Context, owner string, lease time.Duration) error

	// Release makes a saga of the given generation unowned. It ends the saga's
	// lease and clears its notification. It also increments the generation, so
	// the former owner can't write to the saga even before another coordinator
	// claims it. If the saga doesn't exist or has another generation, Release
	// changes nothing and returns ErrNotFound or ErrFenced. If the saga is
	// final, Release changes nothing and returns nil.
	Release(ctx context.Context, id saga.ID, generation uint64) error

	// Delete removes a saga and its log. It returns ErrNotFound if no saga with
	// that ID exists, and ErrNotFinal if the saga is not final.
	Delete(ctx context.Context, id saga.ID) error

	// Watch calls wake when any process has created an unowned saga, has
	// released a saga or has notified an owner, so that a coordinator needn't
	// wait for its next poll. It calls wake in the caller's goroutine. A
	// wake-up is only a hint: it may be spurious, and one call may stand for
	// several changes. Watch doesn't report changes that were made before it
	// was called or while the database was unreachable. It returns the
	// context's error when ctx is done, and another error if it can't watch any
	// longer. The caller may then call Watch again. A store that can't watch at
	// all returns an error that wraps errors.ErrUnsupported; coordinators then
	// rely on polling.
	Watch(ctx context.Context, wake func()) error
}

// NewSaga is the argument of Create.
type NewSaga struct {
	// ID identifies the saga. Required.
	ID saga.ID
	// Name is the saga's name. Required.
	Name saga.Name
	// DAG and Params are the two parts of a saga.SagaDAG. DAG is required. Many
	// sagas have equal DAGs, and a store may keep each distinct DAG only once.
	DAG, Params []byte
	// State is the state after Events. Required.
	State saga.State
	// Events are the first events, numbered from 0. There may be none.
	Events []engine.Event
	// Queue is the queue from which coordinators claim the saga. The empty name
	// is a queue like any other.
	Queue string
	// Owner is the coordinator that owns the saga. If it is empty, the saga is
	// unowned.
	Owner string
	// Lease is the time from now during which others can't claim the saga. If
	// it is zero or negative, they can claim it at once, unless the owner has
	// renewed its leases. An unowned saga has no lease.
	Lease time.Duration
}

// Append is the argument of the method Append.
type Append struct {
	// ID identifies the saga.
	ID saga.ID
	// Generation is the generation that the saga must have.
	Generation uint64
	// Seq is the number that the saga's next event must have. If there are
	// Events, it is the number of the first one.
	Seq uint64
	// Events are the events to add, numbered from Seq without gaps.
	Events []engine.Event
	// State is the state after Events.
	State saga.State
	// Notify is set by a client that isn't the owner, to notify the owner. An
	// append without it clears the notification.
	Notify bool
}

// Claim is the argument of the method Claim.
type Claim struct {
	// Owner is the claimant. Required.
	Owner string
	// Queue is the queue from which sagas are claimed.
	Queue string
	// Lease is the time from now during which others can't claim these sagas.
	// If it is zero or negative, they can claim them at once, unless the
	// claimant has renewed its leases.
	Lease time.Duration
	// Unowned restricts the claim to unowned sagas.
	Unowned bool
	// IDs, if not empty, restricts the claim to these sagas.
	IDs []saga.ID
	// Except are sagas that are not claimed, even if they are in IDs.
	Except []saga.ID
	// Limit, if positive, is the maximum number of sagas to claim.
	Limit int
	// Bytes, if positive, ends the claim with the saga at which the DAGs and
	// parameters of all claimed sagas reach that number of bytes.
	Bytes int
}
