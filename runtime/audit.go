package saga

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Audit says who issued an operator command and why. It is recorded in the
// saga's log with the command.
type Audit struct {
	// By names the operator. Required.
	By string `json:"by"`
	// Reason is why the operator issued the command. Required.
	Reason string `json:"reason"`
	// Output is the output that an EventOutputSupplied sets; otherwise empty.
	Output json.RawMessage `json:"output,omitempty"`
}

// ErrInvalidAudit is returned when an Audit lacks By or Reason, or has an
// output that is not JSON.
var ErrInvalidAudit = errors.New("invalid audit")

// Check returns an error that wraps ErrInvalidAudit if the Audit is invalid.
func (a Audit) Check() error {
	switch {
	case strings.TrimSpace(a.By) == "":
		return fmt.Errorf("%w: By is empty", ErrInvalidAudit)
	case strings.TrimSpace(a.Reason) == "":
		return fmt.Errorf("%w: Reason is empty", ErrInvalidAudit)
	case a.Output != nil && !json.Valid(a.Output):
		return fmt.Errorf("%w: Output is not JSON: %.100q", ErrInvalidAudit, a.Output)
	}
	return nil
}

// audit decodes the payload of an operator command. If that fails, it returns
// an Audit whose Reason says so.
func (e *Event) audit() Audit {
	var a Audit
	if err := json.Unmarshal(e.Payload, &a); err != nil {
		a.Reason = fmt.Sprintf("unreadable audit: %.100q", Redact(e.Payload))
	}
	return a
}
