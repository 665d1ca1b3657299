package handoff_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/sec/internal/handoff"
)

var errReason = errors.New("no such action")

func TestHandoffs(t *testing.T) {
	began := time.Now()
	at := func(after time.Duration) handoff.Handoff {
		return handoff.Handoff{Generation: 2, At: began.Add(after), Reason: errReason}
	}
	for name, test := range map[string]func(*testing.T, *handoff.Handoffs[string]){
		"keep parked sagas in order": func(t *testing.T, h *handoff.Handoffs[string]) {
			h.AddParked("a")
			h.AddParked("b")
			taken := h.TakeParked()
			require.Equal(t, []string{"a", "b"}, taken)
			require.Empty(t, h.TakeParked())
			h.AddParked("c")
			h.ReturnParked(taken[1:])
			require.Equal(t, []string{"b", "c"}, h.TakeParked())
		},
		"remember a released saga once": func(t *testing.T, h *handoff.Handoffs[string]) {
			a, b := saga.NewID(), saga.NewID()
			require.Nil(t, h.Released())
			require.True(t, h.Add(a, at(0)))
			require.True(t, h.Add(b, at(1)))
			require.True(t, h.Add(a, at(2)))
			require.Equal(t, []saga.ID{b, a}, h.Released())
			h.Forget(b)
			h.Forget(b)
			require.Equal(t, []saga.ID{a}, h.Released())
		},
		"forget the oldest saga when they are full, but not too soon": func(t *testing.T, h *handoff.Handoffs[string]) {
			first := saga.NewID()
			require.True(t, h.Add(first, at(0)))
			for i := range 999 {
				require.True(t, h.Add(saga.NewID(), at(time.Duration(i))))
			}
			another := saga.NewID()
			require.False(t, h.Add(another, at(59*time.Second)))
			require.Len(t, h.Released(), 1000)
			require.True(t, h.Add(another, at(time.Minute)))
			require.Len(t, h.Released(), 1000)
			require.NotContains(t, h.Released(), first)
			require.Contains(t, h.Released(), another)
		},
		"find a saga that is unowned and not final": func(t *testing.T, h *handoff.Handoffs[string]) {
			id := saga.NewID()
			h.Add(id, at(0))
			found, ok := h.Find(&saga.Record{ID: id, State: saga.StateRunning, Generation: 5})
			require.True(t, ok)
			require.Equal(t, handoff.Handoff{Generation: 5, At: began, Reason: errReason}, found)
			for _, record := range []saga.Record{
				{ID: saga.NewID(), State: saga.StateRunning},
				{ID: id, State: saga.StateRunning, Owner: "other"},
				{ID: id, State: saga.StateAbandoned},
			} {
				_, ok = h.Find(&record)
				require.False(t, ok, "%+v", record)
			}
		},
		"mark a saga as claimed once": func(t *testing.T, h *handoff.Handoffs[string]) {
			id := saga.NewID()
			require.False(t, h.MarkClaimed(id, 0))
			h.Add(id, at(0))
			require.False(t, h.MarkClaimed(id, 2), "that is the generation in which it is unowned")
			require.True(t, h.MarkClaimed(id, 3))
			require.False(t, h.MarkClaimed(id, 3))
			require.Equal(t, []saga.ID{id}, h.Released(), "it is still left to others")
		},
	} {
		t.Run(name, func(t *testing.T) { test(t, new(handoff.Handoffs[string])) })
	}
}
