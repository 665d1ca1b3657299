package sec_test

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

// Whichever write fails, before or after it has had its effect, the saga ends as if none had, and no action is
// called more often.
func TestFailedWriteIsRepeatedAndHappensOnce(t *testing.T) {
	for _, when := range []string{"before", "after"} {
		for n := 2; n <= 6; n++ { // the first is the create
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.fail("do c")
				st := &spyStore{Store: store.NewMemory()}
				failOnce := func(i int) error {
					if i == n || i == n+1 {
						return errStore
					}
					return nil
				}
				if when == "before" {
					st.before = failOnce
				} else {
					st.after = failOnce
				}
				c := w.open(t, st)
				id, _, err := run(t, c, chain())
				assert.Equal(t, saga.StateFailed, failedError(t, err).State, "%s write %d", when, n)
				assert.Equal(t, []string{"do a", "do b", "do c", "undo b", "undo a"}, w.calls(), "%s write %d", when, n)
				assert.Len(t, kinds(t, c, id), 10, "%s write %d", when, n)
			})
		}
	}
}

func TestCoordinatorGoesOnWhenTheStoreDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		st := &spyStore{Store: store.NewMemory()}
		var down atomic.Bool
		down.Store(true)
		st.before = func(n int) error {
			if n > 1 && down.Load() {
				return errStore
			}
			return nil
		}
		c := w.open(t, st)
		id := saga.NewID()
		require.NoError(t, c.CreateAndStart(t.Context(), id, chain()))
		time.Sleep(time.Hour)
		assert.Equal(t, []string{"do a"}, w.calls())
		down.Store(false)
		_, err := c.Wait(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, []string{"do a", "do b", "do c"}, w.calls())
	})
}
