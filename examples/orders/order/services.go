package order

import (
	"context"
	"fmt"

	saga "github.com/sagagen/sagagen/runtime"
)

// Service is the application context of the actions: the clients of the
// external services.
//
// Every service serves a request once: a repeated request, with the same key,
// gets the response of the first one. An undo has the key of the request that
// it undoes. It may arrive before a delayed request; the service then refuses
// the request when it arrives.
//
// A *Refusal means that no request with that key had an effect, or ever will.
// After any other error the outcome is unknown.
type Service struct {
	Warehouse Warehouse
	Bank      Bank
	Carrier   Carrier
	Mail      Mail
}

// Warehouse reserves goods for an order.
type Warehouse interface {
	// Quote returns the price of the items. It has no effects.
	Quote(ctx context.Context, items []Item) (cents int64, err error)
	// Reserve reserves all items or none.
	Reserve(ctx context.Context, r Request, items []Item) (number string, err error)
	// Release undoes the Reserve with that key, if there was one.
	Release(ctx context.Context, r Request, items []Item) error
}

// Bank takes money from cards.
type Bank interface {
	// Authorize holds the money for a later Capture.
	Authorize(ctx context.Context, r Request, card string, cents int64) (number string, err error)
	// Void undoes the Authorize with that key, if there was one.
	Void(ctx context.Context, r Request) error
	// Capture takes the money of an authorization.
	Capture(ctx context.Context, r Request, authorization string, cents int64) (number string, err error)
	// Refund undoes the Capture with that key, if there was one.
	Refund(ctx context.Context, r Request) error
}

// Carrier delivers parcels.
type Carrier interface {
	// Ship delivers a parcel to the address.
	Ship(ctx context.Context, r Request, address string) (tracking string, err error)
	// Recall undoes the Ship with that key, if there was one. It returns a
	// *Refusal if it is too late.
	Recall(ctx context.Context, r Request) error
}

// Mail sends mails to customers. A mail can't be undone, only corrected by
// another one.
type Mail interface {
	Send(ctx context.Context, r Request, to, text string) error
}

// Request identifies a request to a service.
type Request struct {
	// Key is the idempotency key. It is the same in each attempt and in every
	// process, and unique to the node and the saga.
	Key   string
	Order saga.ID
}

// request returns the request of a node. Its key is that of the do function,
// such as 0192f0c1-…/capture/do, also in the undo function. If there was no
// response, the undo knows nothing else about the request.
func request(ctx saga.ActionContext) Request { return Request{Key: ctx.DoKey(), Order: ctx.SagaID()} }

// Refusal is the error of a service that rejects a request for good. It rejects
// a repeated request too.
type Refusal struct {
	Service string `json:"service"`
	Reason  string `json:"reason"`
}

// Error implements error.
func (r *Refusal) Error() string { return fmt.Sprintf("the %s refuses: %s", r.Service, r.Reason) }
