package ledger

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/sagagen/sagagen/examples/orders/order"
)

// Inputs that make a service fail.
const (
	// CardDeclined is a card that the bank refuses.
	CardDeclined = "declined"
	// CardSilent is a card that the bank authorizes, but without ever
	// responding.
	CardSilent = "silent"
	// CardSlow is a card that the bank authorizes. It responds only to a
	// repeated request.
	CardSlow = "slow"
	// AddressNowhere is an address that the carrier doesn't serve.
	AddressNowhere = "nowhere"
	// AddressIsland is an address from which the carrier can't recall a parcel.
	AddressIsland = "island"
	// CustomerUnknown is a customer that has no mail address.
	CustomerUnknown = "unknown"
)

// errNoResponse simulates a connection that breaks before the response.
var errNoResponse = errors.New("no response")

var (
	_ order.Warehouse = (*Ledger)(nil)
	_ order.Bank      = (*Ledger)(nil)
	_ order.Carrier   = (*Ledger)(nil)
	_ order.Mail      = (*Ledger)(nil)
)

// Quote implements order.Warehouse.
func (l *Ledger) Quote(ctx context.Context, items []order.Item) (cents int64, err error) {
	err = l.serve(ctx, func(tx *sql.Tx) error {
		cents = 0
		for _, item := range items {
			var each int64
			err := tx.QueryRowContext(ctx, "SELECT cents FROM shop_stock WHERE sku = $1", item.SKU).Scan(&each)
			switch {
			case errors.Is(err, sql.ErrNoRows):
				return &order.Refusal{Service: "warehouse", Reason: fmt.Sprintf("no such article: %q", item.SKU)}
			case err != nil:
				return err
			}
			cents += each * item.Quantity
		}
		return nil
	})
	return cents, err
}

// Reserve implements order.Warehouse. Each item is one row. Its key is the key
// of the request and the article.
func (l *Ledger) Reserve(ctx context.Context, r order.Request, items []order.Item) (number string, err error) {
	err = l.serve(ctx, func(tx *sql.Tx) error {
		for i, item := range bySKU(items) {
			e := reservation(r, item)
			if err := do(ctx, tx, "warehouse", e); err != nil {
				return err
			}
			if i == 0 {
				number = e.Number
			}
			if !e.first() {
				continue
			}
			result, err := tx.ExecContext(ctx, `
				UPDATE shop_stock SET on_hand = on_hand - $2 WHERE sku = $1 AND on_hand >= $2`, item.SKU, item.Quantity)
			if err != nil {
				return err
			}
			if n, err := result.RowsAffected(); err != nil || n == 0 {
				reason := fmt.Sprintf("not enough of %q in stock", item.SKU)
				return cmp.Or(err, error(&order.Refusal{Service: "warehouse", Reason: reason}))
			}
		}
		return nil
	})
	return number, err
}

// Release implements order.Warehouse.
func (l *Ledger) Release(ctx context.Context, r order.Request, items []order.Item) error {
	return l.serve(ctx, func(tx *sql.Tx) error {
		for _, item := range bySKU(items) {
			e := reservation(r, item)
			if err := undo(ctx, tx, e); err != nil {
				return err
			}
			if !e.reverted() {
				continue
			}
			_, err := tx.ExecContext(ctx, `
				UPDATE shop_stock SET on_hand = on_hand + $2 WHERE sku = $1`, item.SKU, item.Quantity)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func reservation(r order.Request, item order.Item) *Effect {
	return &Effect{
		Key: r.Key + "/" + item.SKU, Order: r.Order, Kind: "reservation", Item: item.SKU, Amount: item.Quantity,
	}
}

// bySKU returns the items sorted by article. All requests lock articles in this
// order, so two requests can't deadlock.
func bySKU(items []order.Item) []order.Item {
	return slices.SortedFunc(slices.Values(items), func(a, b order.Item) int { return cmp.Compare(a.SKU, b.SKU) })
}

// Authorize implements order.Bank.
func (l *Ledger) Authorize(ctx context.Context, r order.Request, card string, cents int64) (string, error) {
	if card == CardDeclined {
		return "", &order.Refusal{Service: "bank", Reason: "the card is declined"}
	}
	e := &Effect{Key: r.Key, Order: r.Order, Kind: "authorization", Item: card, Amount: cents}
	err := l.serve(ctx, func(tx *sql.Tx) error { return do(ctx, tx, "bank", e) })
	if err == nil && (card == CardSilent || card == CardSlow && e.first()) {
		err = errNoResponse
	}
	return e.Number, err
}

// Void implements order.Bank.
func (l *Ledger) Void(ctx context.Context, r order.Request) error {
	return l.serve(ctx, func(tx *sql.Tx) error {
		return undo(ctx, tx, &Effect{Key: r.Key, Order: r.Order, Kind: "authorization"})
	})
}

// Capture implements order.Bank.
func (l *Ledger) Capture(ctx context.Context, r order.Request, authorization string, cents int64) (string, error) {
	e := &Effect{Key: r.Key, Order: r.Order, Kind: "capture", Item: authorization, Amount: cents}
	err := l.serve(ctx, func(tx *sql.Tx) error { return do(ctx, tx, "bank", e) })
	return e.Number, err
}

// Refund implements order.Bank.
func (l *Ledger) Refund(ctx context.Context, r order.Request) error {
	return l.serve(ctx, func(tx *sql.Tx) error {
		return undo(ctx, tx, &Effect{Key: r.Key, Order: r.Order, Kind: "capture"})
	})
}

// Ship implements order.Carrier.
func (l *Ledger) Ship(ctx context.Context, r order.Request, address string) (string, error) {
	if address == AddressNowhere {
		return "", &order.Refusal{Service: "carrier", Reason: "the address is not served"}
	}
	e := &Effect{Key: r.Key, Order: r.Order, Kind: "shipment", Item: address}
	err := l.serve(ctx, func(tx *sql.Tx) error { return do(ctx, tx, "carrier", e) })
	return e.Number, err
}

// Recall implements order.Carrier.
func (l *Ledger) Recall(ctx context.Context, r order.Request) error {
	return l.serve(ctx, func(tx *sql.Tx) error {
		e := &Effect{Key: r.Key, Order: r.Order, Kind: "shipment"}
		if err := undo(ctx, tx, e); err != nil {
			return err
		}
		if e.Done > 0 && e.Item == AddressIsland {
			return &order.Refusal{Service: "carrier", Reason: "the ferry has left"}
		}
		return nil
	})
}

// Send implements order.Mail.
func (l *Ledger) Send(ctx context.Context, r order.Request, to, text string) error {
	if to == CustomerUnknown {
		return &order.Refusal{Service: "mail", Reason: "no such customer"}
	}
	e := &Effect{Key: r.Key, Order: r.Order, Kind: "mail", Item: to + ": " + text}
	return l.serve(ctx, func(tx *sql.Tx) error { return do(ctx, tx, "mail", e) })
}
