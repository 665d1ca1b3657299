package sec_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/sec"
	"github.com/sagagen/sagagen/runtime/store"
)

// The tests of this file are about records and logs that don't match when a
// saga is loaded.

func TestSagaWithMissingEventsIsParked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newFakeStore()
		st.on("Events Logs", func(c *call) error { // it has lost the events from number 1 on
			err := c.do()
			for i := range c.logs {
				c.logs[i] = slices.DeleteFunc(c.logs[i], func(e engine.Event) bool { return e.Seq >= 1 })
			}
			return err
		})
		found := plant(t, st, chain(), saga.StateRunning, []engine.Event{
			{Seq: 0, Node: 1, Kind: engine.EventStarted},
			{Seq: 1, Node: 1, Kind: engine.EventSucceeded, Payload: json.RawMessage(`"a"`)},
		})
		w := newWorld()
		w.on("do a", func(saga.ActionContext) error { time.Sleep(time.Second); return nil })
		c := w.open(t, st)
		_, err := c.Wait(t.Context(), found)
		assert.ErrorIs(t, err, saga.ErrParked)
		assert.ErrorContains(t, err, "its log lacks events: it has 1 of 2")

		live := saga.NewID()
		require.NoError(t, c.CreateAndStart(t.Context(), live, chain()))
		require.NoError(t, newClient(t, sec.ClientConfig{Store: st.memory}).Apply(t.Context(), live, saga.Pause(audit)))
		time.Sleep(2 * time.Minute)
		_, err = c.Wait(t.Context(), live)
		assert.ErrorIs(t, err, saga.ErrParked)
		assert.Equal(t, []string{"do a"}, w.calls())
	})
}

// A stuck saga finishes, and may also be deleted, between the reads of its
// record and of its log.
func TestSagaThatFinishesWhileItIsLoadedStaysFinished(t *testing.T) {
	for _, deleted := range []bool{false, true} {
		t.Run(fmt.Sprintf("deleted %v", deleted), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				st := newFakeStore()
				seen := &recorder{}
				w := newWorld()
				w.fail("do b")
				w.fail("undo a")
				c := w.configured(t, sec.Config{Store: st, Observer: seen})
				id, _, err := run(t, c, chain())
				failedError(t, err)
				w.on("undo a", nil)
				st.on("Load", at(1, func(stale *call) error {
					loaded := stale.do()
					assert.NoError(t, c.Apply(t.Context(), id, saga.RetryUndo("a", audit)))
					_, err := c.Wait(t.Context(), id)
					assert.Equal(t, saga.StateFailed, failedError(t, err).State)
					if deleted {
						assert.NoError(t, c.Delete(t.Context(), id))
					}
					return loaded
				}))
				err = c.Apply(t.Context(), id, saga.RetryUndo("a", audit))
				if deleted {
					assert.ErrorIs(t, err, saga.ErrNotFound)
				} else {
					assert.NoError(t, err)
				}
				settle()
				assert.Equal(t, 2, w.count("undo a"))
				finished := 0
				for _, line := range seen.all() {
					if line == "state failed" {
						finished++
					}
				}
				assert.Equal(t, 1, finished)
			})
		})
	}
}

// Another coordinator claims and resumes a stuck saga between the reads of its
// record and of its log.
func TestSagaClaimedWhileItIsLoadedIsLeftToItsOwner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newFakeStore()
		w := newWorld()
		w.fail("do b")
		w.fail("undo a")
		c := w.open(t, st)
		settle() // the claims at the start are done
		id, _, err := run(t, c, chain())
		failedError(t, err)
		w.on("undo a", nil)
		st.on("Load", at(1, func(stale *call) error {
			loaded := stale.do()
			claimed, err := st.memory.Claim(t.Context(), store.Claim{Owner: "another"})
			require.NoError(t, err)
			require.Len(t, claimed, 1)
			require.NoError(t, st.memory.Append(t.Context(), store.Append{
				ID: id, Generation: 2, Seq: claimed[0].NextSeq, State: saga.StateUnwinding,
				Events: []engine.Event{{
					Seq: claimed[0].NextSeq, Node: 1, Kind: engine.EventUndoRetried,
					Payload: json.RawMessage(`{"by":"bob","reason":"why"}`),
				}},
			}))
			return loaded
		}))
		require.NoError(t, c.Apply(t.Context(), id, saga.RetryUndo("a", audit)), "the other coordinator retries it already")
		time.Sleep(time.Hour)
		assert.Equal(t, 1, w.count("undo a"))
	})
}
