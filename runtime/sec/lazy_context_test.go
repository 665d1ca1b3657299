package sec

import (
	"context"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// A lazy context behaves like one of package context, whether its Done channel
// is used or not.
func TestLazyContextBehavesLikeAStandardContext(t *testing.T) {
	for _, usesDone := range []bool{false, true} {
		for name, test := range map[string]struct {
			end  func(cancelParent, cancel context.CancelFunc)
			want error
		}{
			"not ended":       {func(_, _ context.CancelFunc) {}, nil},
			"parent canceled": {func(cancelParent, _ context.CancelFunc) { cancelParent() }, context.Canceled},
			"canceled":        {func(_, cancel context.CancelFunc) { cancel() }, context.Canceled},
			"deadline exceeded": {
				func(_, _ context.CancelFunc) { time.Sleep(2 * time.Second) },
				context.DeadlineExceeded,
			},
		} {
			synctest.Test(t, func(t *testing.T) {
				parent, cancelParent := context.WithCancel(t.Context())
				defer cancelParent()
				standard, cancelStandard := context.WithTimeout(parent, time.Second)
				defer cancelStandard()
				b := newLazyTimeout(parent, time.Second)
				defer b.cancel()
				if usesDone {
					b.Done()
				}
				test.end(cancelParent, func() { b.cancel(); cancelStandard() })
				synctest.Wait()
				assert.Equal(t, test.want, standard.Err(), name)
				assert.Equal(t, test.want, b.Err(), name)
				want, _ := standard.Deadline()
				got, _ := b.Deadline()
				assert.Equal(t, want, got)
				if test.want != nil {
					<-b.Done()
					assert.ErrorIs(t, b.Err(), test.want, name)
				}
			})
		}
	}
}

func TestLazyContextWithoutDeadline(t *testing.T) {
	type key struct{}
	parent, cancelParent := context.WithCancel(context.WithValue(t.Context(), key{}, 1))
	defer cancelParent()
	l := &lazyContext{Context: parent}
	_, ok := l.Deadline()
	assert.False(t, ok)
	assert.NoError(t, l.Err())
	assert.Equal(t, 1, l.Value(key{}))
	before := runtime.NumGoroutine()
	derived, cancel := context.WithTimeout(l, time.Hour)
	defer cancel()
	assert.Equal(t, before, runtime.NumGoroutine(), "deriving needs no goroutine")
	assert.Equal(t, 1, derived.Value(key{}))
	l.cancel()
	<-derived.Done()
	assert.ErrorIs(t, l.Err(), context.Canceled)
	assert.NoError(t, parent.Err())
}
