package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

// Compare measures how the number of finished sagas affects frequent
// operations. It runs them alternately in two stores that hold few and many
// finished sagas, at least 100 each. For each operation it reports a ratio: the
// median duration with many finished sagas, divided by that with few.
func Compare(b *testing.B, few, many store.Store) {
	sides := [2]*side{newSide(b, few), newSide(b, many)}
	took := make([][2][]time.Duration, len(comparisons))
	for first := 0; b.Loop(); first = 1 - first {
		for i, c := range comparisons {
			for _, k := range [2]int{first, 1 - first} {
				began := time.Now()
				err := c.do(b, sides[k])
				took[i][k] = append(took[i][k], time.Since(began))
				if err != nil {
					b.Fatalf("%s: %v", c.name, err)
				}
			}
		}
	}
	for i, c := range comparisons {
		b.ReportMetric(float64(median(took[i][1]))/float64(median(took[i][0])), c.name+"-ratio")
	}
	b.ReportMetric(0, "ns/op") // hides the default metric, which has no meaning here
}

// side is one of the two stores, with a saga to append to and one to finish and
// delete.
type side struct {
	store.Store
	saga     store.NewSaga
	seq      uint64
	finished saga.ID
}

func newSide(b *testing.B, s store.Store) *side {
	n := newSaga()
	n.Owner = bob
	if err := s.Create(b.Context(), n); err != nil {
		b.Fatal(err)
	}
	return &side{Store: s, saga: n, seq: 2}
}

var comparisons = []struct {
	name string
	do   func(b *testing.B, s *side) error
}{
	{"create", func(b *testing.B, s *side) error {
		n := newSaga()
		s.finished = n.ID
		return s.Create(b.Context(), n)
	}},
	{"append", func(b *testing.B, s *side) error {
		a := next(s.saga.ID, 1, s.seq, 3)
		s.seq += 3
		return s.Append(b.Context(), a)
	}},
	{"finish", func(b *testing.B, s *side) error {
		a := next(s.finished, 1, 2, 1)
		a.State = saga.StateSucceeded
		return s.Append(b.Context(), a)
	}},
	{"delete", func(b *testing.B, s *side) error { return s.Delete(b.Context(), s.finished) }},
	{"claim", func(b *testing.B, s *side) error {
		return expectRecords(0)(s.Claim(b.Context(), store.Claim{Owner: alice}))
	}},
	{"notified", func(b *testing.B, s *side) error {
		return expectRecords(0)(s.List(b.Context(), saga.Query{Owner: alice, Notified: true}))
	}},
	{"running", func(b *testing.B, s *side) error {
		return expectRecords(1)(s.List(b.Context(), saga.Query{States: []saga.State{saga.StateRunning}, Limit: 100}))
	}},
	{"final", func(b *testing.B, s *side) error {
		return expectRecords(100)(s.List(b.Context(), saga.Query{
			States: []saga.State{saga.StateSucceeded, saga.StateFailed, saga.StateAbandoned}, Limit: 100,
		}))
	}},
}

func expectRecords(want int) func([]saga.Record, error) error {
	return func(records []saga.Record, err error) error {
		if err == nil && len(records) != want {
			err = fmt.Errorf("got %d records, want %d", len(records), want)
		}
		return err
	}
}

func median(values []time.Duration) time.Duration {
	slices.Sort(values)
	return values[len(values)/2]
}
