// Package order has the first examples of docs/directives.md.
package order

import (
	"context"

	saga "github.com/sagagen/sagagen/runtime"
)

// PlaceOrder asks for an article. Either the article is paid and shipped, or
// everything is undone.
//
//saga:dag place-order
//saga:append reserve
//saga:append charge label
//saga:append ship
type PlaceOrder struct {
	Article string
	Card    string
}

// Reservation is the shelf of the reserved goods.
type Reservation struct{ Shelf string }

// Payment proves that the card was charged.
type Payment struct{ Number string }

// Label identifies a parcel.
type Label struct{ Code string }

// Shop is the application context: the clients of other services.
type Shop struct {
	Stock    Stock
	Payments Payments
	Carrier  Carrier
}

// Stock reserves goods.
type Stock interface {
	Reserve(ctx context.Context, article string) (shelf string, err error)
	Release(ctx context.Context, shelf string) error
}

// Payments charges cards.
type Payments interface {
	Charge(ctx context.Context, key, card string) (number string, err error)
	Refund(ctx context.Context, number string) error
	RefundKey(ctx context.Context, key string) error
}

// Carrier takes parcels.
type Carrier interface {
	Collect(ctx context.Context, code string) error
}

//saga:do reserve
func (s *Shop) reserve(ctx context.Context, order PlaceOrder) (Reservation, error) {
	shelf, err := s.Stock.Reserve(ctx, order.Article)
	return Reservation{Shelf: shelf}, err
}

//saga:undo reserve
func (s *Shop) release(ctx context.Context, reserve Reservation) error {
	return s.Stock.Release(ctx, reserve.Shelf)
}

//saga:do charge label="Charge the card" timeout=10s attempts=4 limit=20
func (s *Shop) charge(ctx saga.ActionContext, order PlaceOrder) (Payment, error) {
	number, err := s.Payments.Charge(ctx, ctx.DoKey(), order.Card)
	return Payment{Number: number}, err
}

//saga:undo charge attempts=20 backoff=1s
func (s *Shop) refund(ctx saga.ActionContext, charge *Payment) error {
	if charge == nil { // it is unknown whether the card was charged
		return s.Payments.RefundKey(ctx, ctx.DoKey())
	}
	return s.Payments.Refund(ctx, charge.Number)
}

//saga:do label noundo
func printLabel(reserve Reservation, order PlaceOrder) (Label, error) {
	return Label{Code: reserve.Shelf + " " + order.Article}, nil
}

//saga:do ship noundo
func ship(ctx context.Context, shop *Shop, label Label, _ Payment) error {
	return shop.Carrier.Collect(ctx, label.Code)
}
