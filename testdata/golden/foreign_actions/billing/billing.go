// Package billing has an action and a saga that sagas of other packages use.
package billing

import (
	"context"
	"fmt"
)

// Client is the application context.
type Client struct{ Prefix string }

// Amount asks for a payment.
//
//saga:dag payment
//saga:append pay
type Amount struct{ Cents int }

// Receipt proves a payment.
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
