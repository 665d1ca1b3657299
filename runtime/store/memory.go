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
)

// Memory is a Store that keeps sagas in the memory of the process, and loses them with it. It is for
// tests, and for programs whose sagas needn't outlive them. Several coordinators may share one.
//
// It keeps every saga until Delete removes it.
type Memory struct {
	mu    sync.RWMutex
	sagas map[saga.ID]*memorySaga
	dags  sharedDAGs
	// open lists the sagas that are not final, and called holds those whose owners are called, so that what is asked often
	// needn't look at all.
	open     openSagas
	notified   map[saga.ID]*memorySaga
	leases   map[string]time.Time // until when owners have renewed theirs
	watchers watchers
}

var (
	_ Store   = (*Memory)(nil)
	_ Watcher = (*Memory)(nil)
)

type memorySaga struct {
	record Record // without DAG and Params; NextSeq is the number of events
	dag    *sharedDAG
	params []byte
	log    packedLog
	// leaseEnd is when others may claim the saga, if its owner hasn't renewed; they may at once if it is zero, as it is without an owner.
	leaseEnd time.Time

	open           bool
	previous, next *memorySaga // in the list of those that are open
}

// NewMemory returns an empty Memory.
func NewMemory() *Memory {
	return &Memory{sagas: map[saga.ID]*memorySaga{}, dags: sharedDAGs{}, notified: map[saga.ID]*memorySaga{}, leases: map[string]time.Time{}}
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
	n := len(s.Params)
	memory := append(make([]byte, 0, n+256), s.Params...) // room for the log of a few nodes behind the parameters
	created := &memorySaga{
		record: Record{
			ID: s.ID, Name: s.Name, Queue: s.Queue, Owner: s.Owner, Generation: 1,
			Created: now.Round(0), Updated: now.Round(0),
		},
		dag: m.dags.share(s.DAG), params: memory[:n:n], log: memory[n:],
	}
	if s.Owner != "" {
		created.leaseEnd = leaseEnd(now, s.Lease)
	}
	created.append(s.Events)
	m.sagas[s.ID] = created
	m.setState(created, s.State)
	if s.Owner == "" {
		m.watchers.wake()
	}
	return nil
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
	m.setCalled(s, a.Notify)
	if a.Notify {
		m.watchers.wake()
	}
	return nil
}

// Load implements Store.
func (m *Memory) Load(ctx context.Context, id saga.ID) (Record, error) {
	if err := ctx.Err(); err != nil {
		return Record{}, err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	s := m.sagas[id]
	if s == nil {
		return Record{}, ErrNotFound
	}
	return s.copyRecord(), nil
}

// Events implements Store.
func (m *Memory) Events(ctx context.Context, id saga.ID, from uint64, limit int) ([]saga.Event, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	s := m.sagas[id]
	if s == nil || from >= s.record.NextSeq {
		return nil, nil
	}
	return s.log.events(from, limit), nil
}

// Logs implements Store.
func (m *Memory) Logs(ctx context.Context, ids []saga.ID) ([][]saga.Event, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	logs := make([][]saga.Event, len(ids))
	for i, id := range ids {
		if s := m.sagas[id]; s != nil {
			logs[i] = s.log.events(0, 0)
		}
	}
	return logs, nil
}

// List implements Store.
func (m *Memory) List(ctx context.Context, q Query) ([]Record, error) {
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
		candidates = m.open.all()
	}
	var records []Record
	for s := range candidates {
		if q.wants(&s.record) {
			records = append(records, s.record)
		}
	}
	return q.page(records), nil
}

// Claim implements Store.
func (m *Memory) Claim(ctx context.Context, c Claim) ([]Record, error) {
	if err := cmp.Or(ctx.Err(), c.Check()); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now, except := time.Now(), setOf(c.Except)
	claimed := m.open.oldest(c.Limit, func(s *memorySaga) bool {
		return s.record.Queue == c.Queue && s.record.Owner != c.Owner && (!c.Unowned || s.record.Owner == "") &&
			!now.Before(s.leaseEnd) && !now.Before(m.leases[s.record.Owner]) &&
			(len(c.IDs) == 0 || slices.Contains(c.IDs, s.record.ID)) && !except[s.record.ID]
	})
	records, size := make([]Record, 0, len(claimed)), 0
	for _, s := range claimed {
		if c.Bytes > 0 && size >= c.Bytes {
			break
		}
		size += len(s.dag.text) + len(s.params)
		s.record.Owner = c.Owner
		s.record.Generation++
		m.setCalled(s, false)
		s.leaseEnd = leaseEnd(now, c.Lease)
		records = append(records, s.copyRecord())
	}
	return records, nil
}

// Renew implements Store.
func (m *Memory) Renew(ctx context.Context, owner string, lease time.Duration) error {
	if err := ctx.Err(); err != nil || owner == "" { // what nobody owns has no lease
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if lease > 0 {
		m.leases[owner] = time.Now().Add(lease)
		return nil
	}
	delete(m.leases, owner)
	for s := range m.open.all() {
		if s.record.Owner == owner {
			s.leaseEnd = time.Time{}
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
	s.record.Owner, s.leaseEnd = "", time.Time{}
	s.record.Generation++
	m.setCalled(s, false)
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
	m.dags.drop(s.dag)
	return nil
}

// Watch implements Watcher. It tells of what the callers of this Memory do, from the moment at which it is called.
func (m *Memory) Watch(ctx context.Context, wake func()) error { return m.watchers.watch(ctx, wake) }

// setCalled sets whether the owner is called, and keeps called in step with it.
func (m *Memory) setCalled(s *memorySaga, called bool) {
	if s.record.Notified == called {
		return
	}
	s.record.Notified = called
	if called {
		m.notified[s.record.ID] = s
	} else {
		delete(m.notified, s.record.ID)
	}
}

// setState sets the state, and keeps open in step with it.
func (m *Memory) setState(s *memorySaga, state saga.State) {
	s.record.State = state
	m.open.set(s, !state.Final())
}

// append adds copies of events.
func (s *memorySaga) append(events []saga.Event) {
	for i := range events {
		s.log = s.log.add(&events[i])
	}
	s.record.NextSeq += uint64(len(events))
}

// copyRecord returns the record with copies of DAG and parameters.
func (s *memorySaga) copyRecord() Record {
	record := s.record
	record.DAG = []byte(s.dag.text)
	if len(s.params) > 0 {
		record.Params = bytes.Clone(s.params)
	}
	return record
}

// leaseEnd returns when a lease ends that begins now; the zero time if it has ended.
func leaseEnd(now time.Time, lease time.Duration) time.Time {
	if lease <= 0 {
		return time.Time{}
	}
	return now.Add(lease)
}

// setOf returns a set; nil if it is empty, as mostly.
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

// firstN returns the first n elements if n is positive, else all.
func firstN[T any](s []T, n int) []T {
	if n > 0 && n < len(s) {
		return s[:n]
	}
	return s
}
