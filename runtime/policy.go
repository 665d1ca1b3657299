package saga

import (
	"math"
	"time"
)

// Policy says how the attempts of a do or an undo function are made.
type Policy struct {
	// Timeout bounds one attempt: its context ends then. An attempt that fails after its
	// context has ended counts as Indeterminate. Zero means no bound.
	Timeout time.Duration
	// MaxAttempts is how many attempts are made at most, the first included.
	// An attempt that succeeds, or whose error is marked Permanent, is the last.
	// Unlimited means no maximum. Default: one for a do function,
	// DefaultUndoAttempts for an undo function.
	MaxAttempts int
	// Backoff is how long to wait before the second attempt. The wait doubles with every further
	// attempt, up to MaxBackoff; of each wait, a random part of up to a half is left out, so that many that failed
	// together don't come back together. Zero means DefaultBackoff, and more than MaxBackoff means MaxBackoff.
	Backoff time.Duration
	// Limit is how many calls may run at once in a coordinator, for all sagas together. Zero means no limit.
	Limit int
}

const (
	// Unlimited, as a Policy's MaxAttempts, means that attempts are made until
	// one succeeds or returns an error marked Permanent.
	Unlimited = -1
	// DefaultUndoAttempts is the default of MaxAttempts for an undo function.
	DefaultUndoAttempts = 11
	// DefaultBackoff is the wait before the second attempt if nothing else is said.
	DefaultBackoff = 100 * time.Millisecond
	// MaxBackoff is the longest wait between two attempts.
	MaxBackoff = 30 * time.Second
)

// Attempts returns the maximum number of attempts in that direction, with the
// default filled in. Unlimited is returned as math.MaxInt.
func (p Policy) Attempts(direction Direction) int {
	switch {
	case p.MaxAttempts < 0:
		return math.MaxInt
	case p.MaxAttempts > 0:
		return p.MaxAttempts
	case direction == Undo:
		return DefaultUndoAttempts
	}
	return 1
}

// Delay returns how long to wait at most after the given number of failed attempts.
func (p Policy) Delay(failed int) time.Duration {
	delay := p.Backoff
	if delay <= 0 {
		delay = DefaultBackoff
	}
	for i := 1; i < failed && delay < MaxBackoff; i++ {
		delay *= 2
	}
	return min(delay, MaxBackoff)
}

// Direction says whether a node is done or undone.
type Direction uint8

// The directions.
const (
	Do Direction = iota
	Undo
)

// String returns "do" or "undo".
func (d Direction) String() string {
	if d == Undo {
		return "undo"
	}
	return "do"
}

// MarshalText implements encoding.TextMarshaler with "do" or "undo".
func (d Direction) MarshalText() ([]byte, error) { return []byte(d.String()), nil }
