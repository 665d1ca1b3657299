package storetest

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/store"
)

var logsPromises = []promise{
	{
		name:  "returns complete logs in the order of the IDs",
		check: logsReturnsCompleteLogsInOrder,
		quotes: []string{
			"Logs returns the complete logs of several sagas in one call, in the order of the IDs.",
			"Each log is what Events returns from number 0 without a limit.",
		},
	},
	{
		name:  "returns no events for unknown and deleted sagas",
		check: logsReturnsNoEventsForUnknownSagas,
	},
	{
		name:   "returns independent copies, even for a repeated ID",
		check:  logsReturnsIndependentCopies,
		quotes: []string{"A store doesn't retain its arguments, and the caller may modify the results."},
	},
	{
		name:  "returns payloads byte for byte, from many and from large logs",
		check: logsReturnsPayloadsByteForByte,
	},
	{
		name:   "sees every append that has returned",
		check:  logsSeesEveryAppendThatHasReturned,
		quotes: []string{"Every later call sees the change."},
	},
}

func logsReturnsCompleteLogsInOrder(t *testing.T, s store.Store) {
	sagas := manySagas()
	for i := range sagas {
		sagas[i].Events = events(0, i*i)
	}
	create(t, s, sagas...)
	for i, n := range sagas[1:3] {
		require.NoError(t, s.Append(t.Context(), next(n.ID, 1, uint64(len(n.Events)), i+1)))
		require.NoError(t, s.Append(t.Context(), next(n.ID, 1, uint64(len(n.Events)+i+1), 3)))
	}
	ids := sagaIDs(sagas...)
	requireLogs(t, s, ids)
	slices.Reverse(ids)
	requireLogs(t, s, ids)
	requireLogs(t, s, ids[2:5])
	requireLogs(t, s, ids[:1])
	requireLogs(t, s, []saga.ID{})
	requireLogs(t, s, nil)
}

func logsReturnsNoEventsForUnknownSagas(t *testing.T, s store.Store) {
	n, gone := newSaga(), newSagaIn(saga.StateFailed)
	create(t, s, n, gone)
	require.NoError(t, s.Delete(t.Context(), gone.ID))
	logs := requireLogs(t, s, []saga.ID{saga.NewID(), n.ID, {}, gone.ID})
	requireSameEvents(t, n.Events, logs[1])
	requireLogs(t, s, []saga.ID{saga.NewID()})
}

func logsReturnsIndependentCopies(t *testing.T, s store.Store) {
	n, other := newSaga(), newSaga()
	create(t, s, n, other)
	for range 2 {
		logs := requireLogs(t, s, []saga.ID{n.ID, other.ID, n.ID, n.ID})
		_ = append(logs[0], engine.Event{}) // must not overwrite the next log
		overwriteEvents(logs[0])
		for _, log := range logs[1:] {
			requireSameEvents(t, n.Events, log)
		}
	}
}

func logsReturnsPayloadsByteForByte(t *testing.T, s store.Store) {
	ids := make([]saga.ID, 300)
	for i := range ids {
		n := newSaga()
		n.Events = events(0, 1+i%3)
		payloads := []string{
			"\x00\xff", `"'; DROP TABLE saga_event; --"`, `"\u0000` + strings.Repeat("x", i*i) + `"`,
		}
		for j, payload := range payloads[:len(n.Events)] {
			n.Events[j].Payload = json.RawMessage(payload)
		}
		if i == 150 {
			n.Events = append(n.Events, events(uint64(len(n.Events)), 3000)...)
		}
		create(t, s, n)
		ids[i] = n.ID
	}
	logs := requireLogs(t, s, ids)
	assert.Len(t, logs[150], 3001)
	assert.Len(t, logs[299][2].Payload, 299*299+8)
}

func logsSeesEveryAppendThatHasReturned(t *testing.T, s store.Store) {
	n, other := newSaga(), newSaga()
	create(t, s, n, other)
	for seq := uint64(2); seq < 20; seq++ {
		require.NoError(t, s.Append(t.Context(), next(n.ID, 1, seq, 1)))
		logs, err := s.Logs(t.Context(), sagaIDs(other, n))
		require.NoError(t, err)
		require.Len(t, logs[0], 2)
		require.Len(t, logs[1], int(seq)+1)
	}
}

// requireLogs requires that Logs returns the same as Events, and returns it.
func requireLogs(t *testing.T, s store.Store, ids []saga.ID) [][]engine.Event {
	t.Helper()
	logs, err := s.Logs(t.Context(), ids)
	require.NoError(t, err)
	require.Len(t, logs, len(ids))
	for i, id := range ids {
		want, err := s.Events(t.Context(), id, 0, 0)
		require.NoError(t, err)
		requireSameEvents(t, want, logs[i])
	}
	return logs
}
