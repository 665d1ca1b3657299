package main

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/sagagen/sagagen/runtime/store"
)

// memoryCases returns the cases on a memory store. They measure the cost of the
// coordinator itself.
func memoryCases() []benchCase {
	var cases []benchCase
	add := func(name string, clients, nodes int, short bool, setup setupFunc) {
		cases = append(cases, benchCase{
			name: name, clients: clients, nodes: nodes, unit: sagasPerSecond, short: short, setup: setup,
		})
	}
	for _, clients := range clientCounts {
		short := clients == 1 || clients == 64
		add("memory/naive-trip", clients, tripNodes, short, naiveTrip)
		add("memory/trip", clients, tripNodes, short, sagagenOn(openMemory, newTrips))
	}
	for _, n := range []int{10, 100, 1_000, 10_000} {
		short := n == 10 || n == 1_000
		add(fmt.Sprintf("memory/chain-%d", n), 1, n, short, sagagenOn(openMemory, newChains(n)))
		add(fmt.Sprintf("memory/fan-%d", n), 1, n+1, short, sagagenOn(openMemory, newFans(n)))
	}
	add("memory/stages-4x50", 1, 4*50+1, false, sagagenOn(openMemory, newStages(50, 4, true)))
	return cases
}

// openMemory opens a memory store. Its meter counts each write call as a
// commit, and the bytes of events and parameters. It doesn't count the DAG,
// which sagas share.
func openMemory(context.Context, *environment) (*backend, error) {
	counted := &countingStore{Store: store.NewMemory()}
	return &backend{store: counted, meter: counted.meter, close: func() error { return nil }}, nil
}

// countingStore counts the write calls of a store and their bytes.
type countingStore struct {
	store.Store
	writes, bytes atomic.Int64
	// onWrite, if not nil, is called with the size of each write before the
	// write.
	onWrite func(bytes int)
}

func (s *countingStore) Create(ctx context.Context, n store.NewSaga) error {
	s.count(sizeOfCreate(n))
	return s.Store.Create(ctx, n)
}

func (s *countingStore) Append(ctx context.Context, a store.Append) error {
	s.count(sizeOfAppend(a))
	return s.Store.Append(ctx, a)
}

func (s *countingStore) count(bytes int) {
	s.writes.Add(1)
	s.bytes.Add(int64(bytes))
	if s.onWrite != nil {
		s.onWrite(bytes)
	}
}

func (s *countingStore) meter(context.Context) (usage, error) {
	return usage{commits: float64(s.writes.Load()), bytes: float64(s.bytes.Load())}, nil
}

// eventBytes is the size of an event without its payload: saga ID, sequence
// number, node, kind and time.
const eventBytes = 16 + 8 + 4 + 1 + 8

func sizeOfCreate(n store.NewSaga) int {
	return len(n.Params) + sizeOfAppend(store.Append{Events: n.Events})
}

func sizeOfAppend(a store.Append) int {
	size := 0
	for _, e := range a.Events {
		size += eventBytes + len(e.Payload)
	}
	return size
}
