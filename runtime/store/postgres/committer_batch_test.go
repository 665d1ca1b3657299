package postgres

import (
	"testing"

	"github.com/stretchr/testify/assert"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

// A batch without room for a large entry takes no later entry, which might be
// of the same saga.
func TestLargeEntryIsCommittedBeforeLaterOnes(t *testing.T) {
	large, other := saga.NewID(), saga.NewID()
	queued := func(id saga.ID, seq uint64, size int) *entry {
		return newAppend(store.Append{ID: id, Generation: 1, Seq: seq, State: saga.StateRunning,
			Events: []saga.Event{{Seq: seq, Kind: saga.EventStarted, Payload: make([]byte, size)}}})
	}
	first, second, third := queued(other, 0, 1), queued(large, 0, maxBytes), queued(large, 1, 1)
	c := &committer{inFlight: map[saga.ID]bool{}, queue: []*entry{first, second, third}}
	assert.Equal(t, []*entry{first}, c.takeBatch().entries)
	assert.Equal(t, []*entry{second}, c.takeBatch().entries)
	assert.Equal(t, []*entry{third}, c.queue)
	assert.Empty(t, c.takeBatch().entries, "while the entry before is in flight")
}
