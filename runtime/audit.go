package saga

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Audit is what an operator decided, as it is in the log.
type Audit struct {
	// By is who decided it. Required.
	By string `json:"by"`
	// Reason is why. Required.
	Reason string `json:"reason"`
	// Output is what an EventOutputSupplied gives the node.
	Output json.RawMessage `json:"output,omitempty"`
}

// ErrInvalidAudit is returned when an Order doesn't say who and why, or has an output that is not JSON.
var ErrInvalidAudit = errors.New("invalid audit")

// Check returns an error that wraps ErrInvalidAudit, or nil.
func (o Audit) Check() error {
	switch {
	case strings.TrimSpace(o.By) == "":
		return fmt.Errorf("%w: it names nobody in By", ErrInvalidAudit)
	case strings.TrimSpace(o.Reason) == "":
		return fmt.Errorf("%w: it has no reason", ErrInvalidAudit)
	case o.Output != nil && !json.Valid(o.Output):
		return fmt.Errorf("%w: the output is not JSON: %.100q", ErrInvalidAudit, o.Output)
	}
	return nil
}

// audit decodes the payload of what an operator did. One that can't be decoded is an audit too.
func (e *Event) audit() Audit {
	var o Audit
	if err := json.Unmarshal(e.Payload, &o); err != nil {
		o.Reason = fmt.Sprintf("unreadable order: %.100q", Redact(e.Payload))
	}
	return o
}
