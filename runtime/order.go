package saga

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Order is what an operator decided, as it is in the log.
type Order struct {
	// By is who decided it. Required.
	By string `json:"by"`
	// Comment is why. Required.
	Comment string `json:"comment"`
	// Output is what an EventOutputSupplied gives the node.
	Output json.RawMessage `json:"output,omitempty"`
}

// ErrBadOrder is returned when an Order doesn't say who and why, or has an output that is not JSON.
var ErrBadOrder = errors.New("bad order")

// Check returns an error that wraps ErrBadOrder, or nil.
func (o Order) Check() error {
	switch {
	case strings.TrimSpace(o.By) == "":
		return fmt.Errorf("%w: it doesn't say by whom", ErrBadOrder)
	case strings.TrimSpace(o.Comment) == "":
		return fmt.Errorf("%w: it has no comment that says why", ErrBadOrder)
	case o.Output != nil && !json.Valid(o.Output):
		return fmt.Errorf("%w: the output is not JSON: %.100q", ErrBadOrder, o.Output)
	}
	return nil
}

// order decodes the payload of what an operator did. One that can't be decoded is an order too.
func (e *Event) order() Order {
	var o Order
	if err := json.Unmarshal(e.Payload, &o); err != nil {
		o.Comment = fmt.Sprintf("unreadable order: %.100q", Redact(e.Payload))
	}
	return o
}
