package postgres

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/store"
	"github.com/sagagen/sagagen/runtime/store/internal/eventcodec"
)

// entry is a Create, an Append or a Delete that waits for its commit. It has
// copies of the caller's arguments, since it may be written after the call has
// returned.
type entry struct {
	id      saga.ID
	creates bool
	state   int16
	count   int32  // of events
	events  []byte // encoded; nil if there are none
	size    int    // in bytes, approximately

	// Fields of an append.
	generation, seq int64
	notify          bool

	// Fields of a create.
	name, queue, owner string
	lease              int64 // in microseconds
	dag, params        []byte
	shared             *sharedDAG // instead of dag, or nil
}

// rowBytes is about the size of a row without its payloads.
const rowBytes = 64

// newCreate returns the entry of a Create. shared is the DAG that the saga
// shares with others, or nil.
func newCreate(n store.NewSaga, shared *sharedDAG) *entry {
	e := &entry{
		id: n.ID, creates: true, state: int16(n.State),
		name: string(n.Name), queue: n.Queue, owner: n.Owner,
		lease: leaseMicroseconds(n.Lease), shared: shared,
	}
	if shared == nil {
		e.dag = bytes.Clone(n.DAG)
	}
	if len(n.Params) > 0 { // else NULL is stored
		e.params = bytes.Clone(n.Params)
	}
	e.setEvents(n.Events)
	e.size += len(e.dag) + len(e.params)
	return e
}

// newAppend returns the entry of an Append.
func newAppend(a store.Append) *entry {
	e := &entry{
		id: a.ID, state: int16(a.State), notify: a.Notify,
		// Numbers above the largest int64 become negative, so they match no
		// saga.
		generation: int64(a.Generation), seq: int64(a.Seq),
	}
	e.setEvents(a.Events)
	return e
}

// newDelete returns the entry of a Delete.
func newDelete(id saga.ID) *entry { return &entry{id: id, size: rowBytes} }

// digest returns the digest of the DAG if it is shared, else nil.
func (e *entry) digest() []byte {
	if e.shared == nil {
		return nil
	}
	return e.shared.digest[:]
}

func (e *entry) setEvents(events []engine.Event) {
	e.size += rowBytes
	if len(events) > 0 {
		e.count, e.events = int32(len(events)), eventcodec.Encode(events)
		e.size += rowBytes + len(e.events)
	}
}

// The columns of a batch, as arrays. pgx encodes a FlatArray without
// reflection, and slices of common types too.
type (
	appendColumns struct {
		ids         pgtype.FlatArray[pgtype.UUID]
		generations []int64
		states      []int16
		notifies    []bool
		seqs        []int64
		counts      []int32
		events      pgtype.FlatArray[[]byte]
	}
	createColumns struct {
		ids                   pgtype.FlatArray[pgtype.UUID]
		names, queues, owners []string
		states                []int16
		leases                []int64
		dags, digests, params pgtype.FlatArray[[]byte]
		counts                []int32
		events                pgtype.FlatArray[[]byte]
	}
)

func (c *appendColumns) add(e *entry) {
	c.ids = append(c.ids, uuid(e.id))
	c.generations = append(c.generations, e.generation)
	c.states = append(c.states, e.state)
	c.notifies = append(c.notifies, e.notify)
	c.seqs = append(c.seqs, e.seq)
	c.counts = append(c.counts, e.count)
	c.events = append(c.events, e.events)
}

func (c *appendColumns) args() []any {
	return []any{c.ids, c.generations, c.states, c.notifies, c.seqs, c.counts, c.events}
}

func (c *createColumns) add(e *entry) {
	c.ids = append(c.ids, uuid(e.id))
	c.names = append(c.names, e.name)
	c.states = append(c.states, e.state)
	c.queues = append(c.queues, e.queue)
	c.owners = append(c.owners, e.owner)
	c.leases = append(c.leases, e.lease)
	c.dags = append(c.dags, e.dag)
	c.digests = append(c.digests, e.digest())
	c.params = append(c.params, e.params)
	c.counts = append(c.counts, e.count)
	c.events = append(c.events, e.events)
}

func (c *createColumns) args() []any {
	return []any{
		c.ids, c.names, c.states, c.queues, c.owners, c.leases, c.dags, c.digests, c.params, c.counts, c.events,
	}
}

// outcomes are the possible results of an entry. The statements and functions
// return an index of it.
var outcomes = [...]error{
	0: nil,
	1: store.ErrExists,
	2: store.ErrNotFound,
	3: store.ErrFenced,
	4: store.ErrSequence,
	5: errBusy,
	6: store.ErrNotFinal,
	7: errDAGMissing,
}

// commit commits creates and appends of different sagas with one statement.
func (s *Store) commit(ctx context.Context, conn *pgxpool.Conn, entries []*entry) ([]error, error) {
	mode, err := s.execMode(ctx, conn.Conn())
	if err != nil {
		return nil, err
	}
	errs, err := s.commitIn(ctx, conn, mode, entries)
	if isUnknownStatement(err) {
		disablePrepared(conn.Conn())
		return s.commitIn(ctx, conn, s.mode, entries)
	}
	return errs, err
}

// commitIn is commit with a given mode of execution.
func (s *Store) commitIn(
	ctx context.Context, conn *pgxpool.Conn, mode pgx.QueryExecMode, entries []*entry,
) ([]error, error) {
	if len(entries) == 1 {
		text, args := s.oneStatement(entries[0])
		return runOne(ctx, conn, mode, text, args)
	}
	text, args := s.batchStatement(entries)
	return s.run(ctx, conn, mode, entries, text, args)
}

// commitDeletes commits deletes of different sagas with one statement.
func (s *Store) commitDeletes(ctx context.Context, conn *pgxpool.Conn, entries []*entry) ([]error, error) {
	text, args := s.deleteStatement(entries)
	return s.run(ctx, conn, s.mode, entries, text, args)
}

// runOne runs a statement for one entry, which returns its outcome.
func runOne(
	ctx context.Context, conn *pgxpool.Conn, mode pgx.QueryExecMode, text string, args []any,
) ([]error, error) {
	outcome := int32(-1)
	if err := conn.QueryRow(ctx, text, append([]any{mode}, args...)...).Scan(&outcome); err != nil {
		return nil, err
	}
	if !isOutcome(outcome) {
		return nil, fmt.Errorf("the statement returned the unknown outcome %d", outcome)
	}
	return []error{outcomes[outcome]}, nil
}

// run runs a statement that returns the outcome of each entry that it has not
// skipped.
func (s *Store) run(
	ctx context.Context, conn *pgxpool.Conn, mode pgx.QueryExecMode, entries []*entry, text string, args []any,
) ([]error, error) {
	rows, err := conn.Query(ctx, text, append([]any{mode}, args...)...)
	if err != nil {
		return nil, err
	}
	returned := make(map[saga.ID]int32, len(entries))
	var (
		id      [16]byte
		outcome int32
	)
	if _, err := pgx.ForEachRow(rows, []any{&id, &outcome}, func() error {
		returned[id] = outcome
		return nil
	}); err != nil {
		return nil, err
	}
	errs := make([]error, len(entries))
	for i, e := range entries {
		outcome, ok := returned[e.id]
		switch {
		case !ok:
			errs[i] = s.skippedError(ctx, conn, e.id)
		case !isOutcome(outcome):
			return nil, fmt.Errorf("the statement returned the unknown outcome %d for saga %s", outcome, e.id)
		default:
			errs[i] = outcomes[outcome]
		}
	}
	return errs, nil
}

// skippedError returns why a batch has skipped a saga. This is rare, and a
// batch that returned the reason itself would be slower.
func (s *Store) skippedError(ctx context.Context, conn *pgxpool.Conn, id saga.ID) error {
	var exists bool
	if err := conn.QueryRow(ctx, s.stmts.exists, s.mode, uuid(id)).Scan(&exists); err != nil {
		return err
	}
	if exists {
		return errBusy
	}
	return store.ErrNotFound
}

func isOutcome(n int32) bool { return n >= 0 && int(n) < len(outcomes) }

// oneStatement returns the statement that writes a single append or create.
func (s *Store) oneStatement(e *entry) (text string, args []any) {
	if e.creates {
		return s.stmts.createOne, []any{
			uuid(e.id), e.name, e.state, e.queue, e.owner, e.lease, e.dag, e.digest(), e.params, e.count, e.events,
		}
	}
	return s.stmts.appendOne, []any{uuid(e.id), e.generation, e.state, e.notify, e.seq, e.count, e.events}
}

// batchStatement returns the statement that writes several appends and creates.
func (s *Store) batchStatement(entries []*entry) (text string, args []any) {
	var a appendColumns
	var c createColumns
	for _, e := range sortByID(entries) {
		if e.creates {
			c.add(e)
		} else {
			a.add(e)
		}
	}
	switch {
	case len(c.ids) == 0:
		return s.stmts.appends, a.args()
	case len(a.ids) == 0:
		return s.stmts.creates, c.args()
	}
	return s.stmts.both, append(a.args(), c.args()...)
}

// deleteStatement returns the statement that deletes sagas.
func (s *Store) deleteStatement(entries []*entry) (text string, args []any) {
	ids := make([]pgtype.UUID, len(entries))
	for i, e := range sortByID(entries) {
		ids[i] = uuid(e.id)
	}
	return s.stmts.delete, []any{ids}
}

// sortByID returns the entries in the order of their IDs. All processes use the
// same order. A transaction that creates a saga waits for another that creates
// the same one, so different orders could deadlock.
func sortByID(entries []*entry) []*entry {
	return slices.SortedFunc(slices.Values(entries), func(a, b *entry) int { return bytes.Compare(a.id[:], b.id[:]) })
}

func uuid(id saga.ID) pgtype.UUID { return pgtype.UUID{Bytes: id, Valid: true} }

func uuids(ids []saga.ID) []pgtype.UUID {
	converted := make([]pgtype.UUID, len(ids))
	for i, id := range ids {
		converted[i] = uuid(id)
	}
	return converted
}

// leaseMicroseconds returns a lease in microseconds, rounded up to the next
// one; 0 if the lease is expired at once.
func leaseMicroseconds(lease time.Duration) int64 {
	if lease <= 0 {
		return 0
	}
	return lease.Microseconds() + 1
}

// sqlLimit returns the argument of LIMIT for a limit of n: NULL for none.
func sqlLimit(n int) *int64 {
	if n <= 0 {
		return nil
	}
	limit := int64(min(n, math.MaxInt32)) // so that the functions can calculate with it
	return &limit
}

// sqlBytes returns n, or the largest number if n isn't positive.
func sqlBytes(n int) int64 {
	if n <= 0 {
		return math.MaxInt64
	}
	return int64(n)
}
