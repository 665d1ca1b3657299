package order

import (
	"context"
	"fmt"

	saga "github.com/sagagen/sagagen/runtime"
)

// Service is what the actions work with: the clients of the services of others.
//
// All of them serve a request once: one whose key they know gets the answer that it got before. What undoes names the
// key of what it undoes, and may come first, if the request was on its way for long; then the request is refused when it comes.
//
// A *Refusal means that nothing was done, now or before, under that key. Any other error says nothing.
type Service struct {
	Warehouse Warehouse
	Bank      Bank
	Carrier   Carrier
	Mail      Mail
}

// Warehouse keeps goods for a customer.
type Warehouse interface {
	// Quote returns what the items cost. It changes nothing.
	Quote(ctx context.Context, items []Item) (cents int64, err error)
	// Reserve keeps all items, or none.
	Reserve(ctx context.Context, r Request, items []Item) (number string, err error)
	// Release gives back what Reserve kept under that key, if anything.
	Release(ctx context.Context, r Request, items []Item) error
}

// Bank takes money from cards.
type Bank interface {
	// Authorize keeps the money for a Capture.
	Authorize(ctx context.Context, r Request, card string, cents int64) (number string, err error)
	// Void frees what Authorize kept under that key, if anything.
	Void(ctx context.Context, r Request) error
	// Capture takes money that Authorize has kept.
	Capture(ctx context.Context, r Request, authorization string, cents int64) (number string, err error)
	// Refund gives back what Capture took under that key, if anything.
	Refund(ctx context.Context, r Request) error
}

// Carrier brings parcels.
type Carrier interface {
	// Ship fetches a parcel and brings it to the address.
	Ship(ctx context.Context, r Request, address string) (tracking string, err error)
	// Recall brings back what Ship fetched under that key, if anything. It is refused when that is too late.
	Recall(ctx context.Context, r Request) error
}

// Mail writes to customers. A mail that was sent can't be undone; only another one can be sent.
type Mail interface {
	Send(ctx context.Context, r Request, to, text string) error
}

// Request says which request it is, and for which order.
type Request struct {
	// Key is the same in each attempt, in whatever process, and of no other node or saga.
	Key   string
	Order saga.ID
}

// request returns the request of a node. An undo names what the do had, as in 0192f0c1-…/capture/do, which is all that is
// known of it if no answer came.
func request(ctx saga.ActionContext) Request { return Request{Key: ctx.DoKey(), Order: ctx.SagaID()} }

// Refusal is a service's no, which it repeats when it's asked again.
type Refusal struct {
	Service string `json:"service"`
	Reason  string `json:"reason"`
}

// Error implements error.
func (r *Refusal) Error() string { return fmt.Sprintf("the %s refuses: %s", r.Service, r.Reason) }
