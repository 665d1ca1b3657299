package storetest

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

// brokenStore is a memory store that breaks one promise.
type brokenStore struct {
	*store.Memory
	breaks string
}

func (s *brokenStore) Append(ctx context.Context, a store.Append) error {
	switch s.breaks {
	case "keeps all events":
		a.Events = a.Events[:len(a.Events)/2]
	case "fences":
		record, err := s.Memory.Load(ctx, a.ID)
		if err != nil {
			return err
		}
		a.Generation = record.Generation
	}
	return s.Memory.Append(ctx, a)
}

// Claim makes the claim in two steps, so that two claimants may get one saga.
func (s *brokenStore) Claim(ctx context.Context, c store.Claim) ([]saga.Record, error) {
	if s.breaks != "claims once" {
		return s.Memory.Claim(ctx, c)
	}
	found, err := s.Memory.List(ctx, saga.Query{Queues: []string{c.Queue}})
	if err != nil {
		return nil, err
	}
	time.Sleep(100 * time.Microsecond) // so that another claim comes between
	var claimed []saga.Record
	for _, r := range found {
		if r.Owner == "" && len(claimed) < c.Limit {
			_, _ = s.Memory.Claim(ctx, store.Claim{Owner: c.Owner, Queue: c.Queue, Lease: c.Lease, IDs: []saga.ID{r.ID}})
			claimed = append(claimed, r)
		}
	}
	return claimed, nil
}

// The tests run in another process, as they fail. They don't hang.
func TestBrokenStoreFailsConcurrently(t *testing.T) {
	const variable = "STORETEST_BREAKS"
	if breaks := os.Getenv(variable); breaks != "" {
		Test(t, func(*testing.T) Opener {
			s := &brokenStore{store.NewMemory(), breaks}
			return func(*testing.T) store.Store { return s }
		}, Options{})
		return
	}
	for breaks, promise := range map[string]string{
		"keeps all events": "adds_no_event_of_the_former_owner_after_a_release",
		"fences":           "adds_no_event_of_the_former_owner_after_a_claim",
		"claims once":      "gives_each_unowned_saga_to_one_claimant",
	} {
		t.Run(breaks, func(t *testing.T) {
			command := exec.CommandContext(t.Context(), os.Args[0],
				"-test.run=^TestBrokenStoreFailsConcurrently$/^Concurrency$/^"+promise+"$", "-test.timeout=2m")
			command.Env = append(os.Environ(), variable+"="+breaks)
			output, err := command.CombinedOutput()
			require.Error(t, err)
			assert.Contains(t, string(output), "--- FAIL: TestBrokenStoreFailsConcurrently/Concurrency/"+promise)
			assert.NotContains(t, string(output), "test timed out")
		})
	}
}
