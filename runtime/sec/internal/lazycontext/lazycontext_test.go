package lazycontext_test

import (
	"context"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sagagen/sagagen/runtime/sec/internal/lazycontext"
)

func TestContext(t *testing.T) {
	for name, test := range map[string]struct {
		end  func(cancelParent, cancel context.CancelFunc)
		want error
	}{
		"has no error before its end": {func(_, _ context.CancelFunc) {}, nil},
		"ends with its parent":        {func(cancelParent, _ context.CancelFunc) { cancelParent() }, context.Canceled},
		"ends with Cancel":            {func(_, cancel context.CancelFunc) { cancel() }, context.Canceled},
		"ends at its deadline": {
			func(_, _ context.CancelFunc) { time.Sleep(2 * time.Second) }, context.DeadlineExceeded,
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, usesDone := range []bool{false, true} {
				synctest.Test(t, func(t *testing.T) {
					parent, cancelParent := context.WithCancel(t.Context())
					defer cancelParent()
					standard, cancelStandard := context.WithTimeout(parent, time.Second)
					defer cancelStandard()
					lazy := lazycontext.WithTimeout(parent, time.Second)
					defer lazy.Cancel()
					if usesDone {
						lazy.Done()
					}
					test.end(cancelParent, func() { lazy.Cancel(); cancelStandard() })
					synctest.Wait()
					require.Equal(t, test.want, standard.Err())
					require.Equal(t, test.want, lazy.Err())
					want, _ := standard.Deadline()
					got, _ := lazy.Deadline()
					require.Equal(t, want, got)
					if test.want != nil {
						<-lazy.Done()
						require.ErrorIs(t, lazy.Err(), test.want)
					}
				})
			}
		})
	}
}

func TestErrorOfAContextDoesNotChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		expired := lazycontext.WithTimeout(t.Context(), time.Second)
		canceled := lazycontext.WithTimeout(t.Context(), time.Second)
		canceled.Cancel()
		require.Equal(t, context.Canceled, canceled.Err())
		time.Sleep(time.Second)
		require.Equal(t, context.DeadlineExceeded, expired.Err())
		expired.Cancel()
		for range 2 {
			require.Equal(t, context.DeadlineExceeded, expired.Err())
			require.Equal(t, context.Canceled, canceled.Err())
			<-expired.Done()
			<-canceled.Done()
		}
	})
}

func TestContextWithoutADeadline(t *testing.T) {
	type key struct{}
	parent, cancelParent := context.WithCancel(context.WithValue(t.Context(), key{}, 1))
	defer cancelParent()
	var lazy lazycontext.Context
	lazy.Init(parent)
	_, ok := lazy.Deadline()
	require.False(t, ok)
	require.NoError(t, lazy.Err())
	require.Equal(t, 1, lazy.Value(key{}))

	before := runtime.NumGoroutine()
	derived, cancel := context.WithTimeout(&lazy, time.Hour)
	defer cancel()
	require.Equal(t, before, runtime.NumGoroutine(), "deriving needs no goroutine")
	require.Equal(t, 1, derived.Value(key{}))

	lazy.Cancel()
	<-derived.Done()
	require.ErrorIs(t, lazy.Err(), context.Canceled)
	require.NoError(t, parent.Err())
}
