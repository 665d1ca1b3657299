package directive

import "time"

// Policy has the arguments of a do or an undo directive that control attempts.
// A nil pointer means that the argument is absent.
type Policy struct {
	Timeout, Backoff *time.Duration
	Attempts, Limit  *int
}
