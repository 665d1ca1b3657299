package order

import (
	"context"
	"errors"
	"fmt"

	saga "github.com/sagagen/sagagen/runtime"
)

// All undo functions take their output as a pointer and do without it: the key says what is to be undone. So they also
// undo a step of which nobody knows how it ended, because its time was up or no answer came.

//saga:do quote noundo label="QuotePrices" timeout=10s attempts=6
func (s *Service) quote(ctx context.Context, order PlaceOrder) (Quote, error) {
	cents, err := s.Warehouse.Quote(ctx, order.Items)
	return Quote{Cents: cents}, refused(err) // it changes nothing, so an error is never an unknown outcome
}

//saga:do reserve label="ReserveStock" timeout=10s attempts=6
func (s *Service) reserve(ctx saga.ActionContext, order PlaceOrder) (Reservation, error) {
	number, err := s.Warehouse.Reserve(ctx, request(ctx), order.Items)
	return Reservation{Number: number}, outcome(err)
}

//saga:undo reserve timeout=10s attempts=20
func (s *Service) release(ctx saga.ActionContext, order PlaceOrder, _ *Reservation) error {
	return refused(s.Warehouse.Release(ctx, request(ctx), order.Items))
}

//saga:do authorize label="AuthorizePayment" timeout=10s attempts=4
func (s *Service) authorize(ctx saga.ActionContext, order PlaceOrder, quote Quote) (Authorization, error) {
	number, err := s.Bank.Authorize(ctx, request(ctx), order.Card, quote.Cents)
	return Authorization{Number: number}, outcome(err)
}

//saga:undo authorize timeout=10s attempts=20
func (s *Service) void(ctx saga.ActionContext, _ *Authorization) error {
	return refused(s.Bank.Void(ctx, request(ctx)))
}

//saga:do capture label="CapturePayment" timeout=10s attempts=6
func (s *Service) capture(ctx saga.ActionContext, quote Quote, authorization Authorization) (Capture, error) {
	number, err := s.Bank.Capture(ctx, request(ctx), authorization.Number, quote.Cents)
	return Capture{Number: number}, outcome(err)
}

//saga:undo capture timeout=10s attempts=20
func (s *Service) refund(ctx saga.ActionContext, _ *Capture) error {
	return refused(s.Bank.Refund(ctx, request(ctx)))
}

//saga:do ship label="CreateShipment" timeout=10s attempts=6
func (s *Service) ship(ctx saga.ActionContext, order PlaceOrder) (Shipment, error) {
	tracking, err := s.Carrier.Ship(ctx, request(ctx), order.Address)
	return Shipment{Tracking: tracking}, outcome(err)
}

//saga:undo ship timeout=10s attempts=20
func (s *Service) recall(ctx saga.ActionContext, _ *Shipment) error {
	return refused(s.Carrier.Recall(ctx, request(ctx)))
}

//saga:do confirm label="ConfirmOrder" timeout=10s attempts=11
func (s *Service) confirm(ctx saga.ActionContext, order PlaceOrder, quote Quote, capture Capture, shipment Shipment) (Confirmation, error) {
	text := fmt.Sprintf("Your parcel %s is on its way.", shipment.Tracking)
	err := s.Mail.Send(ctx, request(ctx), order.Customer, text)
	return Confirmation{Cents: quote.Cents, Receipt: capture.Number, Tracking: shipment.Tracking}, outcome(err)
}

// correct writes again, as a mail can't be undone. It is a request of its own, so its key is that of the undo. It is called if the saga
// was canceled while confirm ran, or if nobody knows whether the mail went out.
//
//saga:undo confirm timeout=10s attempts=20
func (s *Service) correct(ctx saga.ActionContext, order PlaceOrder, _ *Confirmation) error {
	r := Request{Key: ctx.IdempotencyKey(), Order: ctx.SagaID()}
	return refused(s.Mail.Send(ctx, r, order.Customer, "Your order was not carried out, whatever we wrote."))
}

// outcome says what the error of a service means for a do: that nothing was changed, and won't be, or that nobody knows.
func outcome(err error) error {
	if errors.As(err, new(*Refusal)) {
		return saga.Permanent(err)
	}
	return saga.Indeterminate(err)
}

// refused makes no further attempt at what a service refuses.
func refused(err error) error {
	if errors.As(err, new(*Refusal)) {
		return saga.Permanent(err)
	}
	return err
}
