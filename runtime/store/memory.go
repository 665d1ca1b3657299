package store

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/internal/intern"
	"github.com/sagagen/sagagen/runtime/store/internal/eventcodec"
)

// Memory is a Store that keeps sagas in memory and loses them when the process
// exits. It is for tests, and for programs whose sagas don't have to survive
// the process. Several coordinators may share a Memory.
//
// A Memory keeps every saga until Delete removes it.
type Memory struct {
	mu    sync.RWMutex
	sagas map[saga.ID]*memorySaga
	dags  intern.Cache[string] // the text itself, so that sagas with equal DAGs share it
	// unfinished lists the sagas that are not final. notified holds the sagas
	// whose owner is notified. They are indexes for frequent queries.
	unfinished unfinishedList
	notified   map[saga.ID]*memorySaga
	leases     map[string]time.Time // when each owner's renewed leases expire
	watchers   watchers
}

var (
	_ Store = (*Memory)(nil)
)

type memorySaga struct {
	record saga.Record // without DAG and Params; NextSeq is the number of events
	dag    string
	params []byte
	// log is the encoding of all events, in which lastEvent is the time of the
	// last one, see eventcodec.Append. Its bytes never change.
	log       []byte
	lastEvent int64
	// leaseExpiry is when the saga's lease expires, unless the owner has
	// renewed its leases for longer. It is zero if the lease has expired or the
	// saga is unowned.
	leaseExpiry time.Time

	// Of unfinishedList: whether the saga is in it, and its neighbors.
	unfinished     bool
	previous, next *memorySaga
}

// NewMemory returns an empty Memory.
func NewMemory() *Memory {
	return &Memory{
		sagas:    map[saga.ID]*memorySaga{},
		notified: map[saga.ID]*memorySaga{},
		leases:   map[string]time.Time{},
	}
}

// Create implements Store.
func (m *Memory) Create(ctx context.Context, s NewSaga) error {
	if err := cmp.Or(ctx.Err(), s.Check()); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.sagas[s.ID] != nil {
		return ErrExists
	}
	now := time.Now()
	created := &memorySaga{
		record: saga.Record{
			ID: s.ID, Name: s.Name, Queue: s.Queue, Owner: s.Owner, Generation: 1,
			Created: now.Round(0), Updated: now.Round(0),
		},
		dag: m.internDAG(s.DAG), params: bytes.Clone(s.Params),
	}
	if s.Owner != "" {
		created.leaseExpiry = leaseExpiry(now, s.Lease)
	}
	created.append(s.Events)
	m.sagas[s.ID] = created
	m.setState(created, s.State)
	if s.Owner == "" {
		m.watchers.wake()
	}
	return nil
}

// internDAG returns the text of a DAG, usually one that other sagas have.
func (m *Memory) internDAG(text []byte) string {
	if dag, cached := m.dags.Get(text); cached {
		return dag
	}
	dag := string(text)
	dag, _ = m.dags.Add(dag, dag)
	return dag
}

// Append implements Store.
func (m *Memory) Append(ctx context.Context, a Append) error {
	if err := cmp.Or(ctx.Err(), a.Check()); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.sagas[a.ID]
	switch {
	case s == nil:
		return ErrNotFound
	case s.record.Generation != a.Generation:
		return ErrFenced
	case s.record.NextSeq != a.Seq, a.State == saga.StateCreated && s.record.State != saga.StateCreated:
		return ErrSequence
	}
	s.append(a.Events)
	s.record.Updated = time.Now().Round(0)
	m.setState(s, a.State)
	m.setNotified(s, a.Notify)
	if a.Notify {
		m.watchers.wake()
	}
	return nil
}

// Load implements Store.
func (m *Memory) Load(ctx context.Context, id saga.ID) (saga.Record, error) {
	if err := ctx.Err(); err != nil {
		return saga.Record{}, err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	s := m.sagas[id]
	if s == nil {
		return saga.Record{}, ErrNotFound
	}
	return s.copyRecord(), nil
}

// Events implements Store.
func (m *Memory) Events(ctx context.Context, id saga.ID, from uint64, limit int) ([]engine.Event, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	s := m.sagas[id]
	if s == nil || from >= s.record.NextSeq {
		return nil, nil
	}
	return s.events(from, limit), nil
}

// Logs implements Store.
func (m *Memory) Logs(ctx context.Context, ids []saga.ID) ([][]engine.Event, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	logs := make([][]engine.Event, len(ids))
	for i, id := range ids {
		if s := m.sagas[id]; s != nil {
			logs[i] = s.events(0, 0)
		}
	}
	return logs, nil
}

// List implements Store.
func (m *Memory) List(ctx context.Context, q saga.Query) ([]saga.Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	candidates := maps.Values(m.sagas)
	switch {
	case q.Notified:
		candidates = maps.Values(m.notified)
	case len(q.States) > 0 && !slices.ContainsFunc(q.States, saga.State.Final):
		candidates = m.unfinished.all()
	}
	var records []saga.Record
	for s := range candidates {
		if matches(&q, &s.record) {
			records = append(records, s.record)
		}
	}
	return page(&q, records), nil
}

// Claim implements Store.
func (m *Memory) Claim(ctx context.Context, c Claim) ([]saga.Record, error) {
	if err := cmp.Or(ctx.Err(), c.Check()); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now, except := time.Now(), setOf(c.Except)
	claimed := m.unfinished.oldest(c.Limit, func(s *memorySaga) bool {
		return s.record.Queue == c.Queue && s.record.Owner != c.Owner && (!c.Unowned || s.record.Owner == "") &&
			!now.Before(s.leaseExpiry) && !now.Before(m.leases[s.record.Owner]) &&
			(len(c.IDs) == 0 || slices.Contains(c.IDs, s.record.ID)) && !except[s.record.ID]
	})
	records, size := make([]saga.Record, 0, len(claimed)), 0
	for _, s := range claimed {
		if c.Bytes > 0 && size >= c.Bytes {
			break
		}
		size += len(s.dag) + len(s.params)
		s.record.Owner = c.Owner
		s.record.Generation++
		m.setNotified(s, false)
		s.leaseExpiry = leaseExpiry(now, c.Lease)
		records = append(records, s.copyRecord())
	}
	return records, nil
}

// Renew implements Store.
func (m *Memory) Renew(ctx context.Context, owner string, lease time.Duration) error {
	if err := ctx.Err(); err != nil || owner == "" { // unowned sagas have no lease
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if lease > 0 {
		m.leases[owner] = time.Now().Add(lease)
		return nil
	}
	delete(m.leases, owner)
	for s := range m.unfinished.all() {
		if s.record.Owner == owner {
			s.leaseExpiry = time.Time{}
		}
	}
	return nil
}

// Release implements Store.
func (m *Memory) Release(ctx context.Context, id saga.ID, generation uint64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.sagas[id]
	switch {
	case s == nil:
		return ErrNotFound
	case s.record.Generation != generation:
		return ErrFenced
	case s.record.State.Final():
		return nil
	}
	s.record.Owner, s.leaseExpiry = "", time.Time{}
	s.record.Generation++
	m.setNotified(s, false)
	m.watchers.wake()
	return nil
}

// Delete implements Store.
func (m *Memory) Delete(ctx context.Context, id saga.ID) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.sagas[id]
	switch {
	case s == nil:
		return ErrNotFound
	case !s.record.State.Final():
		return ErrNotFinal
	}
	delete(m.sagas, id)
	delete(m.notified, id)
	return nil
}

// Watch implements Store.
func (m *Memory) Watch(ctx context.Context, wake func()) error { return m.watchers.watch(ctx, wake) }

// setNotified sets Record.Notified and updates the index m.notified.
func (m *Memory) setNotified(s *memorySaga, notified bool) {
	if s.record.Notified == notified {
		return
	}
	s.record.Notified = notified
	if notified {
		m.notified[s.record.ID] = s
	} else {
		delete(m.notified, s.record.ID)
	}
}

// setState sets Record.State and updates the index m.unfinished.
func (m *Memory) setState(s *memorySaga, state saga.State) {
	s.record.State = state
	m.unfinished.set(s, !state.Final())
}

// append adds copies of the events to the log.
func (s *memorySaga) append(events []engine.Event) {
	s.log, s.lastEvent = eventcodec.Append(s.log, s.lastEvent, events)
	s.record.NextSeq += uint64(len(events))
}

// events returns copies of the events, beginning with number from. It returns
// at most limit events if limit is positive.
func (s *memorySaga) events(from uint64, limit int) []engine.Event {
	events, err := eventcodec.Decode(nil, bytes.Clone(s.log), 0, s.record.NextSeq, from)
	if err != nil {
		panic(err) // only append writes the log
	}
	if limit > 0 && len(events) > limit {
		events = events[:limit]
	}
	return events
}

// copyRecord returns the record with copies of the DAG and the parameters.
func (s *memorySaga) copyRecord() saga.Record {
	record := s.record
	record.DAG = []byte(s.dag)
	if len(s.params) > 0 {
		record.Params = bytes.Clone(s.params)
	}
	return record
}

// leaseExpiry returns when a lease that begins now expires. It returns the zero
// time if the lease is zero or negative.
func leaseExpiry(now time.Time, lease time.Duration) time.Time {
	if lease <= 0 {
		return time.Time{}
	}
	return now.Add(lease)
}

// setOf returns the set of ids. It returns nil if there are none, which is the
// common case.
func setOf(ids []saga.ID) map[saga.ID]bool {
	if len(ids) == 0 {
		return nil
	}
	set := make(map[saga.ID]bool, len(ids))
	for _, id := range ids {
		set[id] = true
	}
	return set
}
