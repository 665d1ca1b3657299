// Package store says what a coordinator needs of a database, and has the store that keeps sagas in memory.
//
// Package storetest holds every implementation to what the Store interface says.
package store

import (
	"context"
	"errors"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
)

// Errors that a Store returns. With any other error it is not known whether the call had an effect; the
// caller looks with Load and Events, or repeats the call.
var (
	// ErrExists is returned by Create when there is a saga of that ID.
	ErrExists = errors.New("saga exists")
	// ErrNotFound is returned when there is no saga of that ID.
	ErrNotFound = errors.New("saga not found")
	// ErrFenced is returned by Append and Release when another owner has claimed the saga, or it was released. The caller must stop acting
	// for it.
	ErrFenced = errors.New("saga is owned by another coordinator")
	// ErrSequence is returned by Append when the saga's next event is not the one that the caller
	// expects. An earlier append, of which the caller heard nothing, has succeeded.
	ErrSequence = errors.New("saga log has other events than expected")
	// ErrNotFinal is returned by Delete when the saga can still go on.
	ErrNotFinal = errors.New("saga is not final")
	// ErrUndecodable is returned by Events and Logs when what is stored can't be decoded, now or later, by this program as it is
	// configured. See package codec; other stores don't decode.
	ErrUndecodable = errors.New("stored payload can't be decoded")
)

// Store keeps the records and logs of sagas. Its methods may be called by several goroutines,
// and for one database by several processes.
//
// Every method has an effect wholly or not at all. When one that changes something returns nil,
// the change survives a crash of the process and of the machine (the memory store is
// excepted), and every later call sees it. A method returns soon after its context has ended; the effect is unknown then, and
// may come about after the return. With a context that has ended before the call it changes nothing, and returns the context's error.
//
// A store keeps nothing of what it is given, and the caller may change what is returned.
// It returns payloads, DAGs and parameters byte for byte, except that what is empty becomes nil, and the times
// of events to the millisecond or better. It refuses what is malformed, as the Check methods of NewSaga, Append and Claim say, and changes nothing.
//
// A saga is owned by one coordinator at a time, or by nobody. Ownership is the record's generation, a number that
// grows with every Claim and every Release; an Append with an older generation fails, so that an owner who
// has lost a saga without noticing can't write to it. A lease says for how long others must not claim, by the clock of the database.
//
// Somebody who is not the owner may append, with the owner's generation, and calls the owner thereby. The owner
// finds the sagas for which it is called with List, and anyhow with its next Append, which returns ErrSequence if the other had events.
type Store interface {
	// Create records a saga with generation 1 and its first events, whose numbers begin at 0. It returns ErrExists, and changes
	// nothing, if there is a saga of that ID.
	Create(ctx context.Context, s NewSaga) error

	// Append adds events and sets the state, if the saga has that generation and the first event's
	// number is the next one. It returns ErrNotFound, ErrFenced or ErrSequence, in this order of
	// preference, and changes nothing, if not. It may be called without events, to set the state alone; then Seq
	// must still be the next number. It sets whether the saga's owner is called. A saga that has left StateCreated doesn't
	// go back: an append that would set that state then returns ErrSequence.
	Append(ctx context.Context, a Append) error

	// Load returns the record with its DAG and parameters, or ErrNotFound.
	Load(ctx context.Context, id saga.ID) (Record, error)

	// Events returns the events of a saga in order, from number from on, at most limit of
	// them if limit is positive. It returns no events if there is no such saga.
	Events(ctx context.Context, id saga.ID, from uint64, limit int) ([]saga.Event, error)

	// Logs returns what Events returns of each of the sagas from number 0 on without a limit, in the order of the IDs. It is for
	// reading many at once. An error is about any of them: who wants to know which asks for each.
	Logs(ctx context.Context, ids []saga.ID) ([][]saga.Event, error)

	// List returns the records that the query asks for, without DAGs and parameters, in the order of
	// their IDs.
	List(ctx context.Context, q Query) ([]Record, error)

	// Claim makes the claimant the owner of sagas that are in the claim's queue, not final, not the claimant's already, and
	// whose lease has ended, as has that of a saga without an owner; the oldest by ID first, at most Limit. Their generations grow
	// by one, and they are not called any more. It returns their new records, with DAGs and parameters. Two claims at once never get the same saga.
	// A claim may pass over a saga that something else is written to at the moment.
	Claim(ctx context.Context, c Claim) ([]Record, error)

	// Renew prolongs the leases of all sagas of an owner that are not final: none ends sooner than after that time from now. With zero or
	// less they end at once.
	Renew(ctx context.Context, owner string, lease time.Duration) error

	// Release gives a saga up, if it has that generation: it has no owner and no lease any more, and isn't called. Its generation grows by
	// one, so that who has owned it can't write to it, even before somebody claims it. It returns ErrNotFound or ErrFenced, in this order
	// of preference, and changes nothing, if not. A final saga of that generation stays as it is, and Release returns nil.
	Release(ctx context.Context, id saga.ID, generation uint64) error

	// Delete removes a saga and its log. It returns ErrNotFound if there's none, ErrNotFinal if it is not final.
	Delete(ctx context.Context, id saga.ID) error
}

// NewSaga is what Create records.
type NewSaga struct {
	ID   saga.ID
	Name saga.Name
	// DAG and Params are the parts of the saga.SagaDAG. Many sagas have the same DAG, which a store may keep once, and
	// doesn't change.
	DAG, Params []byte
	// State is the state after Events.
	State saga.State
	// Events are the first events; there may be none.
	Events []saga.Event
	// Queue is the queue in which it is; the empty one is a queue like any other.
	Queue string
	// Owner is the coordinator that owns the saga; empty if none does yet.
	Owner string
	// Lease is how long others must not claim it. With zero or less they may at once, if the owner hasn't renewed its leases. It
	// doesn't count without an owner.
	Lease time.Duration
}

// Append is what Append adds.
type Append struct {
	ID saga.ID
	// Generation is the caller's.
	Generation uint64
	// Seq is the number that the next event is expected to have, and that the first of Events has.
	Seq uint64
	// Events have numbers without gaps.
	Events []saga.Event
	// State is the state after Events.
	State saga.State
	// Notify says that the caller isn't the owner, who is to look at the saga. Without it the owner isn't called any more.
	Notify bool
}

// Record is what a store knows of a saga beside its events.
type Record struct {
	ID    saga.ID
	Name  saga.Name
	State saga.State
	Queue string
	// Owner says who owns the saga; it is empty if nobody does. Generation is 1 and the number of times that it was claimed or released.
	Owner      string
	Generation uint64
	// Notified says that somebody else has appended, and the owner nothing since.
	Notified bool
	// NextSeq is the number of events.
	NextSeq uint64
	// Created and Updated are when the saga was created and last appended to, by the store's clock, to the millisecond or better.
	Created, Updated time.Time
	// DAG and Params are the parts of the saga.SagaDAG; nil in what List returns.
	DAG, Params []byte
}

// Query says which records List returns. The zero Query asks for all.
type Query struct {
	// After leaves out the IDs up to and including this one: the last of the page before.
	After saga.ID
	// Limit is the most records to return, if positive.
	Limit int
	// Name, if not empty, is the name that they have.
	Name saga.Name
	// States, if not empty, holds the states that they are in.
	States []saga.State
	// Queues, if not empty, holds the queues they are in.
	Queues []string
	// Owner, if not empty, is who owns them.
	Owner string
	// Notified leaves out those whose owner isn't called.
	Notified bool
	// UpdatedBefore, if not zero, leaves out what was updated at that time or later.
	UpdatedBefore time.Time
}

// Claim says what is claimed, and for whom.
type Claim struct {
	// Owner is the claimant; it is not empty.
	Owner string
	// Queue is the queue whose sagas are claimed.
	Queue string
	// Lease is as in NewSaga.
	Lease time.Duration
	// Unowned leaves out the sagas that have an owner.
	Unowned bool
	// IDs, if not empty, are the only ones that are claimed.
	IDs []saga.ID
	// Except are sagas that are not claimed, whatever IDs has.
	Except []saga.ID
	// Limit is the most sagas to claim, if positive.
	Limit int
	// Bytes, if positive, ends the claim with the saga whose DAG and parameters bring those of all to as many bytes.
	Bytes int
}

// Watcher is implemented by stores that can tell at once that there is something to look for, so that a coordinator
// needn't wait for its next look.
type Watcher interface {
	// Watch calls wake, in the caller's goroutine, when a saga without an owner has been created, one has been released, or an owner
	// has been called, by whatever process. It is a hint: it may come for nothing, and one for many; what came before Watch, or
	// while the database was out of reach, is not told. Watch returns when ctx ends, with its error, or when it can't
	// watch any more, with why; then it may be called again.
	Watch(ctx context.Context, wake func()) error
}
