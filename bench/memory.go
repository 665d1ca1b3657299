package main

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/sagagen/sagagen/runtime/store"
)

// memoryCases returns what is kept in memory: what the coordinator itself costs.
func memoryCases() []benchCase {
	var cases []benchCase
	for _, clients := range crowds {
		short := clients == 1 || clients == 64
		cases = append(cases,
			benchCase{name: "memory/naive-trip", clients: clients, nodes: tripNodes, short: short, setup: naiveTrip},
			benchCase{name: "memory/trip", clients: clients, nodes: tripNodes, short: short, setup: ours(openMemory, newTrips)})
	}
	for _, n := range []int{10, 100, 1_000, 10_000} {
		short := n == 10 || n == 1_000
		cases = append(cases,
			benchCase{name: fmt.Sprintf("memory/chain-%d", n), clients: 1, nodes: n, short: short, setup: ours(openMemory, newChains(n))},
			benchCase{name: fmt.Sprintf("memory/fan-%d", n), clients: 1, nodes: n + 1, short: short, setup: ours(openMemory, newFans(n))})
	}
	cases = append(cases, benchCase{name: "memory/stages-4x50", clients: 1, nodes: 4*50 + 1, setup: ours(openMemory, newStages(50, 4, true))})
	for i := range cases {
		cases[i].unit = sagasPerSecond
	}
	return cases
}

// openMemory opens a memory store. Its commits are the calls that write, and its bytes those of payloads; sagas share their DAG.
func openMemory(context.Context, *lab) (*backend, error) {
	counted := &countingStore{Store: store.NewMemory()}
	return &backend{store: counted, meter: counted.meter, close: func() error { return nil }}, nil
}

// countingStore counts the calls of a store that write, and what they write.
type countingStore struct {
	store.Store
	writes, bytes atomic.Int64
	// wrote, if it is not nil, is told of the bytes of each write, before it is made.
	wrote func(bytes int)
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
	if s.wrote != nil {
		s.wrote(bytes)
	}
}

func (s *countingStore) meter(context.Context) (usage, error) {
	return usage{commits: float64(s.writes.Load()), bytes: float64(s.bytes.Load())}, nil
}

// eventBytes is what an event has beside its payload: the saga's ID, its number, node, kind and time.
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
