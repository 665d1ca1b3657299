package saga

import (
	"time"
)

// Record is the state of a saga, without its events.
type Record struct {
	ID    ID
	Name  Name
	State State
	Queue string
	// Owner is the coordinator that owns the saga. It is empty if the saga is
	// unowned.
	Owner string
	// Generation is the saga's fencing token. It is 1 plus the number of times
	// that the saga was claimed or released.
	Generation uint64
	// Notified reports whether a client has appended with Notify, and the owner
	// has not appended since.
	Notified bool
	// NextSeq is the number of events, and so the number of the next event.
	NextSeq uint64
	// Created is when the saga was created, and Updated when it was last
	// appended to. Until the first append they are equal. Both are by the
	// store's clock, to the millisecond or better.
	Created, Updated time.Time
	// DAG and Params are the two parts of the SagaDAG; see SagaDAG.Parts. List
	// leaves them nil.
	DAG, Params []byte
	// DAGErr is why the store could not decode DAG or Params, which are nil
	// then; nil if it could.
	DAGErr error
}

// Query selects the records that List returns. A record must match all fields
// that are set. The zero Query matches all records.
type Query struct {
	// After, if not zero, matches only IDs above it. For the next page, set it
	// to the last ID of the page before.
	After ID
	// Limit, if positive, is the maximum number of records to return.
	Limit int
	// Name, if not empty, matches only sagas with that name.
	Name Name
	// States, if not empty, matches only sagas in one of these states.
	States []State
	// Queues, if not empty, matches only sagas in one of these queues.
	Queues []string
	// Owner, if not empty, matches only sagas of that owner.
	Owner string
	// Notified, if set, matches only sagas whose owner is notified.
	Notified bool
	// UpdatedBefore, if not zero, matches only sagas that were last updated
	// before that time.
	UpdatedBefore time.Time
}
