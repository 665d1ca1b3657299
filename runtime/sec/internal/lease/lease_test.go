package lease_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sagagen/sagagen/runtime/sec/internal/lease"
)

// renewals is a store of leases.
type renewals struct {
	mu      sync.Mutex
	fails   bool
	takes   time.Duration
	owners  []string // of all calls
	expired []*lease.Session
}

func (r *renewals) renew(_ context.Context, owner string, _ time.Duration) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.owners = append(r.owners, owner)
	time.Sleep(r.takes)
	if r.fails {
		return errors.New("down")
	}
	return nil
}

func (r *renewals) expire(s *lease.Session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.expired = append(r.expired, s)
}

// set says whether further renewals fail.
func (r *renewals) set(fails bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fails = fails
}

// seen returns the owners that were renewed, one for each call, and the
// sessions that have expired.
func (r *renewals) seen() (owners []string, expired []*lease.Session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.owners), slices.Clone(r.expired)
}

// keeper returns a Keeper of leases of 40 s, whose timer is stopped when the
// test ends.
func (r *renewals) keeper(t *testing.T) *lease.Keeper {
	t.Helper()
	lifetime, end := context.WithCancel(t.Context())
	k := lease.New(lifetime, lease.Config{
		Owner: "host", Lease: 40 * time.Second, Renew: r.renew,
		Expired: r.expire,
		Logger:  slog.New(slog.DiscardHandler),
	})
	t.Cleanup(func() {
		end()
		k.Stop()
		k.Close()
	})
	return k
}

func TestKeeper(t *testing.T) {
	for name, test := range map[string]func(*testing.T, *renewals, *lease.Keeper){
		"renews at once and every quarter of the lease": func(t *testing.T, r *renewals, k *lease.Keeper) {
			k.Start()
			synctest.Wait()
			owners, _ := r.seen()
			require.Len(t, owners, 1)
			require.Equal(t, k.Current().Owner, owners[0])
			require.True(t, strings.HasPrefix(owners[0], "host#"))
			time.Sleep(100*time.Second + time.Millisecond)
			owners, expired := r.seen()
			require.Len(t, owners, 11)
			require.Empty(t, expired)
		},
		"keeps a session through short failures": func(t *testing.T, r *renewals, k *lease.Keeper) {
			k.Start()
			synctest.Wait()
			first := k.Current()
			r.set(true)
			time.Sleep(15 * time.Second)
			r.set(false)
			time.Sleep(time.Hour)
			require.Same(t, first, k.Current())
			require.NoError(t, first.Err())
		},
		"ends a session after three quarters of the lease": func(t *testing.T, r *renewals, k *lease.Keeper) {
			k.Start()
			synctest.Wait()
			first := k.Current()
			r.set(true)
			time.Sleep(30*time.Second - time.Millisecond)
			require.NoError(t, first.Err())
			time.Sleep(2 * time.Millisecond)
			require.ErrorIs(t, first.Err(), context.Canceled)
			_, expired := r.seen()
			require.Len(t, expired, 1)
			require.Same(t, first, expired[0])
			second := k.Current()
			require.NoError(t, second.Err())
			require.NotEqual(t, first.Owner, second.Owner)
			r.set(false)
			time.Sleep(time.Hour)
			require.Same(t, second, k.Current(), "the second session is renewed")
			owners, _ := r.seen()
			require.Equal(t, second.Owner, owners[len(owners)-1])
		},
		"counts the lease from when it has asked for it": func(t *testing.T, r *renewals, k *lease.Keeper) {
			r.takes = 9 * time.Second
			k.Start()
			first := k.Current()
			time.Sleep(9*time.Second + time.Millisecond)
			r.set(true)
			time.Sleep(20*time.Second + 998*time.Millisecond)
			require.NoError(t, first.Err())
			time.Sleep(2 * time.Millisecond)
			require.ErrorIs(t, first.Err(), context.Canceled)
		},
		"doesn't renew after Stop": func(t *testing.T, r *renewals, k *lease.Keeper) {
			k.Start()
			synctest.Wait()
			k.Stop()
			k.Stop()
			time.Sleep(20 * time.Second)
			owners, _ := r.seen()
			require.Len(t, owners, 1)
		},
		"ends no session after Close": func(t *testing.T, r *renewals, k *lease.Keeper) {
			r.set(true)
			k.Start()
			time.Sleep(29 * time.Second)
			k.Stop()
			k.Close()
			time.Sleep(time.Minute)
			_, expired := r.seen()
			require.Empty(t, expired)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var r renewals
				test(t, &r, r.keeper(t))
			})
		})
	}
}

func TestKeeperWithoutLeases(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lifetime, end := context.WithCancel(t.Context())
		k := lease.New(lifetime, lease.Config{Owner: "host", Logger: slog.New(slog.DiscardHandler)})
		k.Start()
		session := k.Current()
		time.Sleep(time.Hour)
		require.NoError(t, session.Err())
		k.Stop()
		end()
		k.Close()
		require.ErrorIs(t, session.Err(), context.Canceled)
	})
}
