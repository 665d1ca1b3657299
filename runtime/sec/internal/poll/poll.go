// Package poll polls for work, at intervals and when it is woken.
package poll

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"
)

const (
	// minPause is the shortest time between two polls, however often the poller
	// is woken. Wake-ups within that time share one poll.
	minPause = 5 * time.Millisecond
	// watchPause is the pause before a failed watch is repeated.
	watchPause = 2 * time.Second
)

// Poller polls. It is made with New and safe for concurrent use: its fields are
// constant.
type Poller struct {
	every time.Duration
	poll  func()
	// wake has room for one wake-up; further ones share its poll.
	wake chan struct{}
}

// New returns a poller that calls poll at random intervals between half of
// every and all of it, so that several pollers don't poll at the same time.
func New(every time.Duration, poll func()) *Poller {
	return &Poller{every: every, poll: poll, wake: make(chan struct{}, 1)}
}

// Wake makes the poller poll now, or once more if it is polling.
func (p *Poller) Wake() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Run polls at once, and then at intervals and after each Wake, until stopping
// is closed.
func (p *Poller) Run(stopping <-chan struct{}) {
	for {
		p.poll()
		timer := time.NewTimer(minPause)
		select {
		case <-timer.C:
		case <-stopping:
			return
		}
		timer.Reset(p.every/2 + rand.N(p.every/2+1))
		select {
		case <-timer.C:
		case <-p.wake:
		case <-stopping:
			return
		}
		timer.Stop()
	}
}

// Watch calls watch with Wake until ctx ends. When watch returns, Watch calls
// it again after a pause, unless the error wraps errors.ErrUnsupported.
func (p *Poller) Watch(ctx context.Context, watch func(ctx context.Context, wake func()) error, logger *slog.Logger) {
	for ctx.Err() == nil {
		err := watch(ctx, p.Wake)
		if errors.Is(err, errors.ErrUnsupported) {
			return
		}
		if ctx.Err() == nil {
			logger.Warn("watching the store failed; polling, and retrying", "poll", p.every, "error", err)
			select {
			case <-time.After(watchPause):
			case <-ctx.Done():
			}
		}
	}
}
