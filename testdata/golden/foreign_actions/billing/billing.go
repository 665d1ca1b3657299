// Package billing has actions and a saga that other packages use in theirs.
package billing

import (
	"context"
	"fmt"
)

// Client is what the actions work with.
type Client struct{ Prefix string }

// Amount asks for a payment.
//
//saga:dag payment
//saga:append pay
type Amount struct{ Cents int }

// Receipt says that it was paid.
type Receipt struct{ Number string }

// Pay pays.
//
//saga:do pay label="Pay the bill"
func (c *Client) Pay(_ context.Context, amount Amount) (Receipt, error) {
	return Receipt{Number: fmt.Sprintf("%s-%d", c.Prefix, amount.Cents)}, nil
}

// PayBack undoes Pay.
//
//saga:undo pay
func (c *Client) PayBack(_ context.Context, pay Receipt) error {
	fmt.Println("paid back", pay.Number)
	return nil
}
