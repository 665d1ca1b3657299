package saga

import "time"

// Policy says how the attempts of a do or an undo function are made.
type Policy struct {
	// Timeout bounds one attempt: its context ends then. An attempt that fails after its
	// context has ended counts as Indeterminate. Zero means no bound.
	Timeout time.Duration
	// Retry is how many more attempts are made after the first, unless one succeeds or
	// returns an error marked Permanent. Zero means the default: none for a do
	// function, DefaultUndoRetry for an undo function. NoRetry means none.
	Retry int
	// Backoff is how long to wait before the second attempt. The wait doubles with every further
	// attempt, up to MaxBackoff; of each wait, a random part of up to a half is left out, so that many that failed
	// together don't come back together. Zero means DefaultBackoff, and more than MaxBackoff means MaxBackoff.
	Backoff time.Duration
	// Limit is how many calls may run at once in a coordinator, for all sagas together. Zero means no limit.
	Limit int
}

const (
	// NoRetry, as a Policy's Retry, means that the first attempt is the last.
	NoRetry = -1
	// DefaultUndoRetry is how often an undo function is called again if nothing else is said: it
	// matters more than a do function that it succeeds.
	DefaultUndoRetry = 10
	// DefaultBackoff is the wait before the second attempt if nothing else is said.
	DefaultBackoff = 100 * time.Millisecond
	// MaxBackoff is the longest wait between two attempts.
	MaxBackoff = 30 * time.Second
)

// Attempts returns how many attempts are made at most, in that direction.
func (p Policy) Attempts(direction Direction) int {
	switch {
	case p.Retry < 0:
		return 1
	case p.Retry == 0 && direction == Undo:
		return 1 + DefaultUndoRetry
	}
	return max(p.Retry, p.Retry+1) // which wraps around at the highest int
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
