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

// What goes wrong, for those who want to see it.
const (
	// CardDeclined is a card that the bank refuses.
	CardDeclined = "declined"
	// CardSilent is a card that is authorized, and of which the bank never answers.
	CardSilent = "silent"
	// CardSlow is a card that is authorized, and of which the bank answers when it is asked again.
	CardSlow = "slow"
	// AddressNowhere is an address to which the carrier doesn't go.
	AddressNowhere = "nowhere"
	// AddressIsland is one from which the carrier brings nothing back.
	AddressIsland = "island"
	// CustomerUnknown is a customer to whom no mail can be sent.
	CustomerUnknown = "unknown"
)

// errNoAnswer stands for a connection that breaks before the answer comes.
var errNoAnswer = errors.New("no answer")

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
				return &order.Refusal{Service: "warehouse", Reason: fmt.Sprintf("there is no article %q", item.SKU)}
			case err != nil:
				return err
			}
			cents += each * item.Quantity
		}
		return nil
	})
	return cents, err
}

// Reserve implements order.Warehouse. Each item is a row of its own, whose key is the request's and the article.
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
				return cmp.Or(err, error(&order.Refusal{Service: "warehouse", Reason: fmt.Sprintf("there is not enough of %q", item.SKU)}))
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
			if _, err := tx.ExecContext(ctx, "UPDATE shop_stock SET on_hand = on_hand + $2 WHERE sku = $1", item.SKU, item.Quantity); err != nil {
				return err
			}
		}
		return nil
	})
}

func reservation(r order.Request, item order.Item) *Effect {
	return &Effect{Key: r.Key + "/" + item.SKU, Order: r.Order, Kind: "reservation", Item: item.SKU, Amount: item.Quantity}
}

// bySKU sorts, so that two orders lock articles in the same order and never wait for each other.
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
		err = errNoAnswer
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
		return "", &order.Refusal{Service: "carrier", Reason: "nobody goes there"}
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
		return &order.Refusal{Service: "mail", Reason: "there is no such customer"}
	}
	e := &Effect{Key: r.Key, Order: r.Order, Kind: "mail", Item: to + ": " + text}
	return l.serve(ctx, func(tx *sql.Tx) error { return do(ctx, tx, "mail", e) })
}
