package saga

import (
	"math"
	"time"
)

// Policy controls the attempts of a do or an undo function.
type Policy struct {
	// Timeout bounds one attempt by its context. An attempt that fails after
	// its context has ended counts as indeterminate. Default: no timeout.
	Timeout time.Duration
	// MaxAttempts is the maximum number of attempts, including the first. An
	// attempt that succeeds, or whose error is marked Permanent, is the last.
	// Unlimited means no maximum. Default: 1 for a do function, 11 for an undo
	// function.
	MaxAttempts int
	// Backoff is the wait before the second attempt. The wait doubles with
	// every further attempt, up to 30 s. Each wait is shortened at random by up
	// to a half, so that calls that failed together are not repeated together.
	// Default: 100 ms. Values above 30 s mean 30 s.
	Backoff time.Duration
	// Limit is the maximum number of concurrent calls of the function in a
	// coordinator, across all sagas. Default: no limit.
	Limit int
}

// Unlimited as MaxAttempts means that attempts are made until one succeeds or
// returns an error marked Permanent.
const Unlimited = -1

const (
	defaultUndoAttempts = 11
	defaultBackoff      = 100 * time.Millisecond
	maxBackoff          = 30 * time.Second // the longest wait between two attempts
)

// Attempts returns the effective maximum number of attempts in that direction.
// Unlimited is returned as math.MaxInt.
func (p Policy) Attempts(direction Direction) int {
	switch {
	case p.MaxAttempts < 0:
		return math.MaxInt
	case p.MaxAttempts > 0:
		return p.MaxAttempts
	case direction == Undo:
		return defaultUndoAttempts
	}
	return 1
}

// Delay returns the maximum wait after that number of failed attempts.
func (p Policy) Delay(failed int) time.Duration {
	delay := p.Backoff
	if delay <= 0 {
		delay = defaultBackoff
	}
	for i := 1; i < failed && delay < maxBackoff; i++ {
		delay *= 2
	}
	return min(delay, maxBackoff)
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

// MarshalText implements encoding.TextMarshaler. It returns "do" or "undo".
func (d Direction) MarshalText() ([]byte, error) { return []byte(d.String()), nil }
