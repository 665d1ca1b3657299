package postgres

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
	"github.com/sagagen/sagagen/runtime/store/internal/dags"
	"github.com/sagagen/sagagen/runtime/store/internal/packed"
)

// entry is a Create, an Append or a Delete that waits to be committed. It has copies of what the caller gave, as it may be written after the call has
// returned.
type entry struct {
	id      saga.ID
	creates bool
	state   int16
	count   int32         // of events
	events  packed.Events // nil if there are none
	size    int           // in bytes, roughly

	// Of an append.
	generation, seq int64
	call            bool

	// Of a create.
	name, queue, owner string
	lease              int64 // in microseconds
	dag, params        []byte
	shared             *dags.DAG // instead of dag, or nil

	result chan error
	batch  *batch // guarded by the group's mu; nil before and after
}

// rowBytes is about what an event and a record take beside their payloads.
const rowBytes = 64

// newCreate returns a create of a saga, with the DAG that it shares with others, or nil.
func newCreate(n store.NewSaga, shared *dags.DAG) *entry {
	e := &entry{
		id: n.ID, creates: true, state: int16(n.State),
		name: string(n.Name), queue: n.Queue, owner: n.Owner, lease: leaseMicroseconds(n.Lease), shared: shared,
	}
	if shared == nil {
		e.dag = bytes.Clone(n.DAG)
	}
	if len(n.Params) > 0 { // else it is NULL
		e.params = bytes.Clone(n.Params)
	}
	e.pack(n.Events)
	e.size += len(e.dag) + len(e.params)
	return e
}

func newAppend(a store.Append) *entry {
	// A number above the largest int64 becomes negative here, and so is no saga's.
	e := &entry{id: a.ID, state: int16(a.State), generation: int64(a.Generation), seq: int64(a.Seq), call: a.Notify}
	e.pack(a.Events)
	return e
}

func newDelete(id saga.ID) *entry { return &entry{id: id, size: rowBytes} }

// digest returns what stands for the DAG if it is shared, else nil.
func (e *entry) digest() []byte {
	if e.shared == nil {
		return nil
	}
	return e.shared.Digest[:]
}

func (e *entry) pack(events []saga.Event) {
	e.size += rowBytes
	if len(events) > 0 {
		e.count, e.events = int32(len(events)), packed.Of(events)
		e.size += rowBytes + len(e.events)
	}
}

// The columns of a batch, as arrays. pgx encodes a FlatArray without reflection, and slices of what is common too.
type (
	appendColumns struct {
		ids         pgtype.FlatArray[pgtype.UUID]
		generations []int64
		states      []int16
		calls       []bool
		seqs        []int64
		counts      []int32
		logs        pgtype.FlatArray[[]byte]
	}
	createColumns struct {
		ids                   pgtype.FlatArray[pgtype.UUID]
		names, queues, owners []string
		states                []int16
		leases                []int64
		dags, digests, params pgtype.FlatArray[[]byte]
		counts                []int32
		logs                  pgtype.FlatArray[[]byte]
	}
)

func (c *appendColumns) add(e *entry) {
	c.ids, c.generations, c.states = append(c.ids, uuid(e.id)), append(c.generations, e.generation), append(c.states, e.state)
	c.calls, c.seqs = append(c.calls, e.call), append(c.seqs, e.seq)
	c.counts, c.logs = append(c.counts, e.count), append(c.logs, e.events)
}

func (c *appendColumns) args() []any {
	return []any{c.ids, c.generations, c.states, c.calls, c.seqs, c.counts, c.logs}
}

func (c *createColumns) add(e *entry) {
	c.ids, c.names, c.states = append(c.ids, uuid(e.id)), append(c.names, e.name), append(c.states, e.state)
	c.queues, c.owners, c.leases = append(c.queues, e.queue), append(c.owners, e.owner), append(c.leases, e.lease)
	c.dags, c.digests, c.params = append(c.dags, e.dag), append(c.digests, e.digest()), append(c.params, e.params)
	c.counts, c.logs = append(c.counts, e.count), append(c.logs, e.events)
}

func (c *createColumns) args() []any {
	return []any{c.ids, c.names, c.states, c.queues, c.owners, c.leases, c.dags, c.digests, c.params, c.counts, c.logs}
}

// outcomes are what can become of an entry. Statements return their indices.
var outcomes = [...]error{nil, store.ErrExists, store.ErrNotFound, store.ErrFenced, store.ErrSequence, errBusy, store.ErrNotFinal, errNoDAG}

// commit commits creates and appends of different sagas with one statement.
func (s *Store) commit(ctx context.Context, conn *pgxpool.Conn, entries []*entry) ([]error, error) {
	mode, err := s.callMode(ctx, conn.Conn())
	if err != nil {
		return nil, err
	}
	errs, err := s.commitAs(ctx, conn, mode, entries)
	if isForgotten(err) {
		keepNoNames(conn.Conn())
		return s.commitAs(ctx, conn, s.mode, entries)
	}
	return errs, err
}

func (s *Store) commitAs(ctx context.Context, conn *pgxpool.Conn, mode pgx.QueryExecMode, entries []*entry) ([]error, error) {
	if len(entries) == 1 {
		text, args := s.oneStatement(entries[0])
		return runOne(ctx, conn, mode, text, args)
	}
	text, args := s.batchStatement(entries)
	return s.run(ctx, conn, mode, entries, text, args)
}

// commitDeletes does so with deletes.
func (s *Store) commitDeletes(ctx context.Context, conn *pgxpool.Conn, entries []*entry) ([]error, error) {
	text, args := s.deleteStatement(entries)
	return s.run(ctx, conn, s.mode, entries, text, args)
}

// runOne runs a statement for one entry that returns what became of it.
func runOne(ctx context.Context, conn *pgxpool.Conn, mode pgx.QueryExecMode, text string, args []any) ([]error, error) {
	outcome := int32(-1)
	if err := conn.QueryRow(ctx, text, append([]any{mode}, args...)...).Scan(&outcome); err != nil {
		return nil, err
	}
	if !isOutcome(outcome) {
		return nil, fmt.Errorf("the statement returns %d, which is no outcome", outcome)
	}
	return []error{outcomes[outcome]}, nil
}

// run runs a statement that returns what became of each entry, unless it has passed over it.
func (s *Store) run(ctx context.Context, conn *pgxpool.Conn, mode pgx.QueryExecMode, entries []*entry, text string, args []any) ([]error, error) {
	rows, err := conn.Query(ctx, text, append([]any{mode}, args...)...)
	if err != nil {
		return nil, err
	}
	became := make(map[saga.ID]int32, len(entries))
	var (
		id      [16]byte
		outcome int32
	)
	if _, err := pgx.ForEachRow(rows, []any{&id, &outcome}, func() error {
		became[id] = outcome
		return nil
	}); err != nil {
		return nil, err
	}
	errs := make([]error, len(entries))
	for i, e := range entries {
		outcome, ok := became[e.id]
		switch {
		case !ok:
			errs[i] = s.passedOver(ctx, conn, e.id)
		case !isOutcome(outcome):
			return nil, fmt.Errorf("the statement returns %d of saga %s, which is no outcome", outcome, e.id)
		default:
			errs[i] = outcomes[outcome]
		}
	}
	return errs, nil
}

// passedOver returns why a batch has passed over a saga. That is rare, and to have the batch tell would make it slower.
func (s *Store) passedOver(ctx context.Context, conn *pgxpool.Conn, id saga.ID) error {
	var there bool
	if err := conn.QueryRow(ctx, s.stmts.exists, s.mode, uuid(id)).Scan(&there); err != nil {
		return err
	}
	if there {
		return errBusy
	}
	return store.ErrNotFound
}

func isOutcome(n int32) bool { return n >= 0 && int(n) < len(outcomes) }

// oneStatement returns the statement for what comes alone.
func (s *Store) oneStatement(e *entry) (text string, args []any) {
	if e.creates {
		return s.stmts.createOne, []any{uuid(e.id), e.name, e.state, e.queue, e.owner, e.lease, e.dag, e.digest(), e.params, e.count, []byte(e.events)}
	}
	return s.stmts.appendOne, []any{uuid(e.id), e.generation, e.state, e.call, e.seq, e.count, []byte(e.events)}
}

func (s *Store) batchStatement(entries []*entry) (text string, args []any) {
	var a appendColumns
	var c createColumns
	for _, e := range entries {
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

func (s *Store) deleteStatement(entries []*entry) (text string, args []any) {
	ids := make([]pgtype.UUID, len(entries))
	for i, e := range entries {
		ids[i] = uuid(e.id)
	}
	return s.stmts.delete, []any{ids}
}

func uuid(id saga.ID) pgtype.UUID { return pgtype.UUID{Bytes: id, Valid: true} }

func uuids(ids []saga.ID) []pgtype.UUID {
	made := make([]pgtype.UUID, len(ids))
	for i, id := range ids {
		made[i] = uuid(id)
	}
	return made
}

// leaseMicroseconds returns a lease as statements want it, rounded up; 0 if it has ended.
func leaseMicroseconds(lease time.Duration) int64 {
	if lease <= 0 {
		return 0
	}
	return lease.Microseconds() + 1
}

// sqlLimit returns n as SQL has it: NULL for no limit.
func sqlLimit(n int) *int64 {
	if n <= 0 {
		return nil
	}
	limit := int64(min(n, math.MaxInt32)) // the functions calculate with it
	return &limit
}

// sqlBytes returns a number of bytes, or if it isn't positive, more than there are.
func sqlBytes(n int) int64 {
	if n <= 0 {
		return math.MaxInt64
	}
	return int64(n)
}
