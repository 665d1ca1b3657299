package directive

import "time"

// Policy holds the arguments of a directive that say how an attempt is made and repeated.
// A nil pointer means that the argument isn't there.
type Policy struct {
	Timeout, Backoff *time.Duration
	Attempts, Limit  *int
}
