package order

import (
	"context"
	"errors"
	"fmt"

	saga "github.com/sagagen/sagagen/runtime"
)

// All undo functions take the output as a pointer, so they are also called if
// the outcome of the step is unknown, after a timeout or a lost response. They
// ignore the output: the idempotency key identifies the request to undo.

//saga:do quote noundo label="QuotePrices" timeout=10s attempts=6
func (s *Service) quote(ctx context.Context, order PlaceOrder) (Quote, error) {
	cents, err := s.Warehouse.Quote(ctx, order.Items)
	return Quote{Cents: cents}, permanentIfRefused(err) // a read has no unknown outcome
}

//saga:do reserve label="ReserveStock" timeout=10s attempts=6
func (s *Service) reserve(ctx saga.ActionContext, order PlaceOrder) (Reservation, error) {
	number, err := s.Warehouse.Reserve(ctx, request(ctx), order.Items)
	return Reservation{Number: number}, outcomeOf(err)
}

//saga:undo reserve timeout=10s attempts=20
func (s *Service) release(ctx saga.ActionContext, order PlaceOrder, _ *Reservation) error {
	return permanentIfRefused(s.Warehouse.Release(ctx, request(ctx), order.Items))
}

//saga:do authorize label="AuthorizePayment" timeout=10s attempts=4
func (s *Service) authorize(ctx saga.ActionContext, order PlaceOrder, quote Quote) (Authorization, error) {
	number, err := s.Bank.Authorize(ctx, request(ctx), order.Card, quote.Cents)
	return Authorization{Number: number}, outcomeOf(err)
}

//saga:undo authorize timeout=10s attempts=20
func (s *Service) void(ctx saga.ActionContext, _ *Authorization) error {
	return permanentIfRefused(s.Bank.Void(ctx, request(ctx)))
}

//saga:do capture label="CapturePayment" timeout=10s attempts=6
func (s *Service) capture(ctx saga.ActionContext, quote Quote, authorization Authorization) (Capture, error) {
	number, err := s.Bank.Capture(ctx, request(ctx), authorization.Number, quote.Cents)
	return Capture{Number: number}, outcomeOf(err)
}

//saga:undo capture timeout=10s attempts=20
func (s *Service) refund(ctx saga.ActionContext, _ *Capture) error {
	return permanentIfRefused(s.Bank.Refund(ctx, request(ctx)))
}

//saga:do ship label="CreateShipment" timeout=10s attempts=6
func (s *Service) ship(ctx saga.ActionContext, order PlaceOrder) (Shipment, error) {
	tracking, err := s.Carrier.Ship(ctx, request(ctx), order.Address)
	return Shipment{Tracking: tracking}, outcomeOf(err)
}

//saga:undo ship timeout=10s attempts=20
func (s *Service) recall(ctx saga.ActionContext, _ *Shipment) error {
	return permanentIfRefused(s.Carrier.Recall(ctx, request(ctx)))
}

//saga:do confirm label="ConfirmOrder" timeout=10s attempts=11
func (s *Service) confirm(
	ctx saga.ActionContext, order PlaceOrder, quote Quote, capture Capture, shipment Shipment,
) (Confirmation, error) {
	text := fmt.Sprintf("Your parcel %s is on its way.", shipment.Tracking)
	err := s.Mail.Send(ctx, request(ctx), order.Customer, text)
	return Confirmation{Cents: quote.Cents, Receipt: capture.Number, Tracking: shipment.Tracking}, outcomeOf(err)
}

// correct sends another mail, as a mail can't be undone. This is a new request,
// so its key is that of the undo function. It is called if the saga was
// canceled while confirm ran, or if the outcome of confirm is unknown.
//
//saga:undo confirm timeout=10s attempts=20
func (s *Service) correct(ctx saga.ActionContext, order PlaceOrder, _ *Confirmation) error {
	r := Request{Key: ctx.IdempotencyKey(), Order: ctx.SagaID()}
	err := s.Mail.Send(ctx, r, order.Customer, "Your order was canceled. Please ignore our earlier mail.")
	return permanentIfRefused(err)
}

// outcomeOf returns the error of a do function. A refusal is permanent and has
// no effect. After any other error of a service the outcome is unknown.
func outcomeOf(err error) error {
	if errors.As(err, new(*Refusal)) {
		return saga.Permanent(err)
	}
	return saga.Indeterminate(err)
}

// permanentIfRefused marks a refusal as permanent: another attempt would be
// refused too.
func permanentIfRefused(err error) error {
	if errors.As(err, new(*Refusal)) {
		return saga.Permanent(err)
	}
	return err
}
