package delivery_test

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/sagagen/sagagen/runtime/sec/internal/delivery"
)

// received is what a function has received.
type received struct {
	values []string
	log    strings.Builder
	queue  *delivery.Queue[string]
	end    context.CancelFunc
}

// start runs a queue with room for three values. The function calls then after
// it has noted the value. A test reads the result only when the queue is idle
// or finished.
func start(t *testing.T, then func(string)) *received {
	t.Helper()
	r := &received{}
	lifetime, end := context.WithCancel(t.Context())
	r.end = end
	r.queue = delivery.New(3,
		func(v string) { r.values = append(r.values, v); then(v) },
		func(n uint64) string { return fmt.Sprintf("dropped %d", n) },
		slog.New(slog.NewTextHandler(&r.log, nil)))
	go r.queue.Run(lifetime)
	t.Cleanup(func() { end(); <-r.queue.Finished() })
	return r
}

func TestQueue(t *testing.T) {
	for name, test := range map[string]func(*testing.T){
		"delivers values in order": func(t *testing.T) {
			r := start(t, func(string) {})
			r.queue.Add("a")
			r.queue.Add("b")
			synctest.Wait()
			require.Equal(t, []string{"a", "b"}, r.values)
		},
		"drops and counts values that don't fit": func(t *testing.T) {
			proceed := make(chan struct{})
			r := start(t, func(string) { <-proceed })
			r.queue.Add("a")
			synctest.Wait() // the function hangs
			for _, v := range []string{"b", "c", "d", "e", "f"} {
				r.queue.Add(v)
			}
			close(proceed)
			synctest.Wait()
			require.Equal(t, []string{"a", "dropped 2", "b", "c", "d"}, r.values)
		},
		"delivers the rest when its lifetime ends": func(t *testing.T) {
			proceed := make(chan struct{})
			r := start(t, func(string) { <-proceed })
			for _, v := range []string{"a", "b", "c"} {
				r.queue.Add(v)
			}
			r.end()
			synctest.Wait()
			select {
			case <-r.queue.Finished():
				require.Fail(t, "finished before the last value")
			default:
			}
			close(proceed)
			<-r.queue.Finished()
			require.Equal(t, []string{"a", "b", "c"}, r.values)
		},
		"survives a panic": func(t *testing.T) {
			r := start(t, func(string) { panic("oops") })
			r.queue.Add("a")
			r.queue.Add("b")
			synctest.Wait()
			require.Equal(t, []string{"a", "b"}, r.values)
			require.Contains(t, r.log.String(), "panic=oops")
		},
		"survives Goexit": func(t *testing.T) {
			r := start(t, func(string) { runtime.Goexit() })
			r.queue.Add("a")
			r.queue.Add("b")
			synctest.Wait()
			require.Equal(t, []string{"a", "b"}, r.values)
		},
	} {
		t.Run(name, func(t *testing.T) { synctest.Test(t, test) })
	}
}
