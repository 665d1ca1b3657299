// Package order is the saga of an order: the prices are looked up, the goods reserved and the card authorized, then the
// money is taken, a parcel is sent and the customer is told. Where a step fails, what was done is undone.
//
// The services that do all that are of others. Each call of them has a key that follows from the saga and the
// node (see Request), so that they know a request again which they have served, be it by another process before a crash.
package order

import (
	"errors"
	"fmt"
)

//go:generate go run ../../../cmd/sagagen

// PlaceOrder asks for goods: they are paid and on their way, or nothing has happened.
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

// Item is so many of one article.
type Item struct {
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
}

// Quote is what the goods cost. It is in the log before the card is authorized, and so the price of an order doesn't change any more.
type Quote struct {
	Cents int64 `json:"cents"`
}

// Reservation says that the warehouse keeps the goods.
type Reservation struct {
	Number string `json:"number"`
}

// Authorization says that the bank keeps the money.
type Authorization struct {
	Number string `json:"number"`
}

// Capture says that the bank has taken the money.
type Capture struct {
	Number string `json:"number"`
}

// Shipment says that a parcel is on its way.
type Shipment struct {
	Tracking string `json:"tracking"`
}

// Confirmation is what the customer gets in the end.
type Confirmation struct {
	Cents    int64  `json:"cents"`
	Receipt  string `json:"receipt"`
	Tracking string `json:"tracking"`
}

// The most that an order may have.
const (
	maxItems    = 50
	maxQuantity = 1_000
)

// Check returns an error if no saga is worth starting for the order.
func (o PlaceOrder) Check() error {
	switch {
	case o.Customer == "" || o.Address == "" || o.Card == "":
		return errors.New("customer, address and card are required")
	case len(o.Items) == 0 || len(o.Items) > maxItems:
		return fmt.Errorf("there are %d items, want 1 to %d", len(o.Items), maxItems)
	}
	seen := map[string]bool{}
	for _, item := range o.Items {
		switch {
		case item.SKU == "":
			return errors.New("an item has no sku")
		case item.Quantity < 1 || item.Quantity > maxQuantity:
			return fmt.Errorf("item %q: the quantity is %d, want 1 to %d", item.SKU, item.Quantity, maxQuantity)
		case seen[item.SKU]:
			return fmt.Errorf("item %q is there twice: add the quantities", item.SKU)
		}
		seen[item.SKU] = true
	}
	return nil
}
