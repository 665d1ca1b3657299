package sec_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/sec"
	"github.com/sagagen/sagagen/runtime/store"
)

// The tests of this file are about records and logs that don't belong together when a saga is taken into memory.

// forgetful has lost the events from a number on.
type forgetful struct {
	store.Store
	from uint64
}

func (f *forgetful) Events(ctx context.Context, id saga.ID, from uint64, limit int) ([]saga.Event, error) {
	events, err := f.Store.Events(ctx, id, from, limit)
	return slices.DeleteFunc(events, func(e saga.Event) bool { return e.Seq >= f.from }), err
}

func (f *forgetful) Logs(ctx context.Context, ids []saga.ID) ([][]saga.Event, error) {
	logs, err := f.Store.Logs(ctx, ids)
	for i := range logs {
		logs[i] = slices.DeleteFunc(logs[i], func(e saga.Event) bool { return e.Seq >= f.from })
	}
	return logs, err
}

func TestLogThatLacksEventsIsParked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := store.NewMemory()
		found := plant(t, st, chain(), saga.StateRunning, []saga.Event{
			{Seq: 0, Node: 1, Kind: saga.EventStarted},
			{Seq: 1, Node: 1, Kind: saga.EventSucceeded, Payload: json.RawMessage(`"a"`)},
		})
		w := newWorld()
		w.on("do a", func(saga.ActionContext) error { time.Sleep(time.Second); return nil })
		c := w.open(t, &forgetful{st, 1})
		_, err := c.Wait(t.Context(), found)
		assert.ErrorIs(t, err, saga.ErrParked)
		assert.ErrorContains(t, err, "its log lacks events: it has 1 of 2")

		live := saga.NewID()
		require.NoError(t, c.CreateAndStart(t.Context(), live, chain()))
		require.NoError(t, newClient(t, sec.Config{Store: st}).Pause(t.Context(), live, because))
		time.Sleep(2 * time.Minute)
		_, err = c.Wait(t.Context(), live)
		assert.ErrorIs(t, err, saga.ErrParked)
		assert.Equal(t, []string{"do a"}, w.calls())
	})
}

// staleStore does something after the first load of a saga, whose record is old then.
type staleStore struct {
	store.Store
	then atomic.Pointer[func()]
}

func (s *staleStore) Load(ctx context.Context, id saga.ID) (store.Record, error) {
	record, err := s.Store.Load(ctx, id)
	if then := s.then.Swap(nil); then != nil {
		(*then)()
	}
	return record, err
}

// A stuck saga is ended, or deleted too, between the load of its record and that of its log.
func TestSagaThatEndsWhileItIsLoadedStaysEnded(t *testing.T) {
	for _, deleted := range []bool{false, true} {
		t.Run(fmt.Sprintf("deleted %v", deleted), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				st := &staleStore{Store: store.NewMemory()}
				seen := &recorder{}
				w := newWorld()
				w.fail("do b")
				w.fail("undo a")
				c := w.configured(t, sec.Config{Store: st, Observer: seen})
				id, _, err := run(t, c, chain())
				failedError(t, err)
				w.on("undo a", nil)
				then := func() {
					assert.NoError(t, c.RetryUndo(t.Context(), id, "a", because))
					_, err := c.Wait(t.Context(), id)
					assert.Equal(t, saga.StateFailed, failedError(t, err).State)
					if deleted {
						assert.NoError(t, c.Delete(t.Context(), id))
					}
				}
				st.then.Store(&then)
				err = c.RetryUndo(t.Context(), id, "a", because)
				if deleted {
					assert.ErrorIs(t, err, saga.ErrNotFound)
				} else {
					assert.NoError(t, err)
				}
				settle()
				assert.Equal(t, 2, w.count("undo a"))
				times := 0
				for _, line := range seen.all() {
					if line == "state failed" {
						times++
					}
				}
				assert.Equal(t, 1, times)
			})
		})
	}
}

// A stuck saga is claimed by another, who goes on with it, between the load of its record and that of its log.
func TestSagaThatIsClaimedWhileItIsLoadedIsLeftToItsOwner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := &staleStore{Store: store.NewMemory()}
		w := newWorld()
		w.fail("do b")
		w.fail("undo a")
		c := w.open(t, st)
		settle() // it takes nothing from others any more
		id, _, err := run(t, c, chain())
		failedError(t, err)
		w.on("undo a", nil)
		then := func() {
			claimed, err := st.Store.Claim(t.Context(), store.Claim{Owner: "another"})
			require.NoError(t, err)
			require.Len(t, claimed, 1)
			require.NoError(t, st.Store.Append(t.Context(), store.Append{
				ID: id, Generation: 2, Seq: claimed[0].NextSeq, State: saga.StateUnwinding,
				Events: []saga.Event{{Seq: claimed[0].NextSeq, Node: 1, Kind: saga.EventUndoRetried, Payload: json.RawMessage(`{"by":"bob","reason":"why"}`)}},
			}))
		}
		st.then.Store(&then)
		require.NoError(t, c.RetryUndo(t.Context(), id, "a", because), "it is being retried")
		time.Sleep(time.Hour)
		assert.Equal(t, 1, w.count("undo a"))
	})
}
