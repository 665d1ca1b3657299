package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

// entry is a Create, an Append or a Delete that waits to be committed. It has copies of what the caller gave, as it may be written after the call has
// returned.
type entry struct {
	id      saga.ID
	creates bool
	state   int16
	events  []saga.Event
	size    int // in bytes, roughly

	// Of an append.
	generation, seq int64
	call            bool

	// Of a create.
	name, queue, owner string
	lease              int64 // in microseconds
	dag                []byte

	result chan error
	batch  *batch // guarded by the group's mu; nil before and after
}

// rowBytes is about what an event and a record take beside their payloads.
const rowBytes = 64

func newCreate(n store.NewSaga) *entry {
	e := &entry{
		id: n.ID, creates: true, state: int16(n.State),
		name: string(n.Name), queue: n.Queue, owner: n.Owner, lease: leaseMicroseconds(n.Lease), dag: bytes.Clone(n.DAG),
	}
	e.copyEvents(n.Events)
	e.size += len(n.DAG)
	return e
}

func newAppend(a store.Append) *entry {
	// A number above the largest int64 becomes negative here, and so is no saga's.
	e := &entry{id: a.ID, state: int16(a.State), generation: int64(a.Generation), seq: int64(a.Seq), call: a.Call}
	e.copyEvents(a.Events)
	return e
}

func newDelete(id saga.ID) *entry { return &entry{id: id, size: rowBytes} }

func (e *entry) copyEvents(events []saga.Event) {
	e.events = make([]saga.Event, len(events))
	e.size = rowBytes * (1 + len(events))
	for i, event := range events {
		if len(event.Payload) == 0 {
			event.Payload = nil
		}
		event.Payload = bytes.Clone(event.Payload)
		e.events[i] = event
		e.size += len(event.Payload)
	}
}

// The columns of a batch, as arrays.
type (
	appendColumns struct {
		ids                       []pgtype.UUID
		generations, seqs, counts []int64
		states                    []int16
		calls                     []bool
		eventColumns
	}
	createColumns struct {
		ids                   []pgtype.UUID
		names, queues, owners []string
		states                []int16
		counts, leases        []int64
		dags                  [][]byte
		eventColumns
	}
	eventColumns struct {
		sagas    []pgtype.UUID
		seqs     []int64
		nodes    []int32
		kinds    []int16
		ats      []time.Time
		payloads [][]byte
	}
)

func (c *appendColumns) add(id pgtype.UUID, e *entry) {
	c.ids, c.generations, c.seqs = append(c.ids, id), append(c.generations, e.generation), append(c.seqs, e.seq)
	c.counts, c.states, c.calls = append(c.counts, int64(len(e.events))), append(c.states, e.state), append(c.calls, e.call)
	c.eventColumns.add(id, e.events)
}

func (c *createColumns) add(id pgtype.UUID, e *entry) {
	c.ids, c.names, c.states = append(c.ids, id), append(c.names, e.name), append(c.states, e.state)
	c.queues, c.owners, c.counts = append(c.queues, e.queue), append(c.owners, e.owner), append(c.counts, int64(len(e.events)))
	c.leases, c.dags = append(c.leases, e.lease), append(c.dags, e.dag)
	c.eventColumns.add(id, e.events)
}

func (c *eventColumns) add(id pgtype.UUID, events []saga.Event) {
	for i := range events {
		e := &events[i]
		c.sagas, c.seqs, c.nodes = append(c.sagas, id), append(c.seqs, int64(e.Seq)), append(c.nodes, int32(e.Node))
		c.kinds, c.ats, c.payloads = append(c.kinds, int16(e.Kind)), append(c.ats, e.At.UTC()), append(c.payloads, e.Payload)
	}
}

func (c *eventColumns) args() []any {
	return []any{c.sagas, c.seqs, c.nodes, c.kinds, c.ats, c.payloads}
}

// outcomes are what can become of an entry. The statement returns their indices.
var outcomes = [...]error{nil, store.ErrExists, store.ErrNotFound, store.ErrFenced, store.ErrSequence, errBusy, store.ErrNotFinal}

// commit commits creates and appends of different sagas with one statement.
func (s *Store) commit(ctx context.Context, conn *pgxpool.Conn, entries []*entry) ([]error, error) {
	text, args := s.batchStatement(entries)
	return run(ctx, conn, entries, text, args)
}

// commitDeletes does so with deletes.
func (s *Store) commitDeletes(ctx context.Context, conn *pgxpool.Conn, entries []*entry) ([]error, error) {
	text, args := s.deleteStatement(entries)
	return run(ctx, conn, entries, text, args)
}

// run runs a statement that returns what became of each entry.
func run(ctx context.Context, conn *pgxpool.Conn, entries []*entry, text string, args []any) ([]error, error) {
	rows, err := conn.Query(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	became := make(map[saga.ID]int32, len(entries))
	var (
		id          [16]byte
		outcome     int32
		synchronous string
	)
	if _, err := pgx.ForEachRow(rows, []any{&id, &outcome, &synchronous}, func() error {
		became[id] = outcome
		return nil
	}); err != nil {
		return nil, err
	}
	if synchronous == "off" {
		return nil, errors.New("synchronous_commit stays off, so that the commit may be lost")
	}
	errs := make([]error, len(entries))
	for i, e := range entries {
		outcome, ok := became[e.id]
		if !ok || outcome < 0 || int(outcome) >= len(outcomes) {
			return nil, fmt.Errorf("the statement says nothing of what became of saga %s", e.id)
		}
		errs[i] = outcomes[outcome]
	}
	return errs, nil
}

func (s *Store) batchStatement(entries []*entry) (text string, args []any) {
	var a appendColumns
	var c createColumns
	for _, e := range entries {
		if id := uuid(e.id); e.creates {
			c.add(id, e)
		} else {
			a.add(id, e)
		}
	}
	args = []any{s.mode}
	switch {
	case len(c.ids) == 0:
		text = s.stmts.appends
	case len(a.ids) == 0:
		text = s.stmts.creates
	default:
		text = s.stmts.both
	}
	if len(a.ids) > 0 {
		args = append(args, a.ids, a.generations, a.seqs, a.counts, a.states, a.calls)
		args = append(args, a.args()...)
	}
	if len(c.ids) > 0 {
		args = append(args, c.ids, c.names, c.states, c.queues, c.owners, c.counts, c.leases, c.dags)
		args = append(args, c.args()...)
	}
	return text, args
}

func (s *Store) deleteStatement(entries []*entry) (text string, args []any) {
	ids := make([]pgtype.UUID, len(entries))
	for i, e := range entries {
		ids[i] = uuid(e.id)
	}
	return s.stmts.delete, []any{s.mode, ids}
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
	limit := int64(n)
	return &limit
}
