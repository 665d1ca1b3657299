package sec_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/sec"
	"github.com/sagagen/sagagen/runtime/store"
)

// fillFinal creates n sagas that have finished.
func fillFinal(t *testing.T, st store.Store, n int) {
	t.Helper()
	for range n {
		require.NoError(t, st.Create(t.Context(), store.NewSaga{
			ID: saga.NewID(), Name: "s", DAG: []byte("{}"), State: saga.StateSucceeded,
		}))
	}
}

// sagasIn returns the number of sagas in a store.
func sagasIn(t *testing.T, st store.Store) int {
	t.Helper()
	records, err := st.List(t.Context(), saga.Query{})
	require.NoError(t, err)
	return len(records)
}

func TestRetentionDeletesSixteenAtATime(t *testing.T) {
	for name, retention := range map[string]sec.Retention{
		"age":   {MaxAge: time.Minute, Every: time.Hour},
		"count": {MaxCount: 1, Every: time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				st := newFakeStore()
				st.on("Delete", takes(time.Second, passes))
				fillFinal(t, st, 10*16)
				time.Sleep(time.Hour)
				fillFinal(t, st, 1)
				began := time.Now()
				newWorld().configured(t, sec.Config{Store: st, Retention: retention})
				synctest.Wait()
				most := st.running("Delete")
				for sagasIn(t, st) > 1 {
					time.Sleep(time.Second)
					synctest.Wait()
					most = max(most, st.running("Delete"))
				}
				assert.Equal(t, 10*time.Second, time.Since(began))
				assert.Equal(t, 16, most)
			})
		})
	}
}

func TestRetentionRetriesAfterAFailedDelete(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newFakeStore()
		st.on("Delete", takes(time.Second, fails))
		fillFinal(t, st, 100)
		time.Sleep(time.Hour)
		newWorld().configured(t, sec.Config{Store: st, Retention: sec.Retention{MaxAge: time.Minute, Every: time.Hour}})
		time.Sleep(time.Minute)
		assert.Zero(t, st.running("Delete"), "it stops until the next round")
		assert.Equal(t, 100, sagasIn(t, st))
		st.on("Delete", takes(time.Second, passes))
		time.Sleep(time.Hour)
		assert.Zero(t, sagasIn(t, st))
	})
}
