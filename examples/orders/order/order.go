// Package order defines the saga of an order. It looks up the prices, reserves
// the goods and authorizes the card. Then it captures the money, ships a parcel
// and notifies the customer. If a step fails, the steps before it are undone.
//
// The steps call external services. Each request has an idempotency key, which
// is computed from the saga and the node (see Request). So a service recognizes
// a request that it has served before, also one by another process before a
// crash.
package order

import (
	"errors"
	"fmt"
)

//go:generate go run ../../../cmd/sagagen

// PlaceOrder has the parameters of an order. Either the goods are paid and
// shipped, or all steps are undone.
//
//saga:dag place-order
//saga:node quote
//saga:node reserve
//saga:node authorize after=quote
//saga:append capture
//saga:append ship
//saga:append confirm
type PlaceOrder struct {
	Customer string `json:"customer"`
	Address  string `json:"address"`
	Card     string `json:"card"`
	Items    []Item `json:"items"`
}

// Item is a quantity of one article.
type Item struct {
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
}

// Quote is the price of the goods. It is in the log before the card is
// authorized, so the price of an order can't change later.
type Quote struct {
	Cents int64 `json:"cents"`
}

// Reservation is the output of the step reserve: the goods are reserved.
type Reservation struct {
	Number string `json:"number"`
}

// Authorization is the output of the step authorize: the bank holds the money.
type Authorization struct {
	Number string `json:"number"`
}

// Capture is the output of the step capture: the bank has taken the money.
type Capture struct {
	Number string `json:"number"`
}

// Shipment is the output of the step ship: the parcel is on its way.
type Shipment struct {
	Tracking string `json:"tracking"`
}

// Confirmation is the output of the saga: what the customer gets.
type Confirmation struct {
	Cents    int64  `json:"cents"`
	Receipt  string `json:"receipt"`
	Tracking string `json:"tracking"`
}

// Limits of an order.
const (
	maxItems    = 50
	maxQuantity = 1_000
)

// Check returns an error if the order is invalid, so no saga should be started.
func (o PlaceOrder) Check() error {
	switch {
	case o.Customer == "" || o.Address == "" || o.Card == "":
		return errors.New("customer, address and card are required")
	case len(o.Items) == 0 || len(o.Items) > maxItems:
		return fmt.Errorf("found %d items, want 1 to %d", len(o.Items), maxItems)
	}
	seen := map[string]bool{}
	for _, item := range o.Items {
		switch {
		case item.SKU == "":
			return errors.New("an item has no sku")
		case item.Quantity < 1 || item.Quantity > maxQuantity:
			return fmt.Errorf("item %q has quantity %d, want 1 to %d", item.SKU, item.Quantity, maxQuantity)
		case seen[item.SKU]:
			return fmt.Errorf("item %q is listed twice: add the quantities", item.SKU)
		}
		seen[item.SKU] = true
	}
	return nil
}
