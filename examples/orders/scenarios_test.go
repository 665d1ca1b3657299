package main

import (
	"database/sql"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sagagen/sagagen/examples/orders/ledger"
	"github.com/sagagen/sagagen/examples/orders/order"
	saga "github.com/sagagen/sagagen/runtime"
)

// expected is an order, and how it should end.
type expected struct {
	name  string
	order order.PlaceOrder
	state saga.State
	cents int64
}

// kinds are orders of all kinds. Every other one succeeds.
var kinds = func() []expected {
	good := order.PlaceOrder{Customer: "ann", Address: "1 High St", Card: "4929",
		Items: []order.Item{{SKU: "tea", Quantity: 2}, {SKU: "cup", Quantity: 1}}}
	e := func(name string, state saga.State, change func(*order.PlaceOrder)) expected {
		o := good
		change(&o)
		return expected{name: name, order: o, state: state, cents: 2*650 + 1200}
	}
	succeeds := e("good", saga.StateSucceeded, func(*order.PlaceOrder) {})
	return []expected{
		succeeds,
		e("declined", saga.StateFailed, func(o *order.PlaceOrder) { o.Card = ledger.CardDeclined }),
		e("slow", saga.StateSucceeded, func(o *order.PlaceOrder) { o.Card = ledger.CardSlow }),
		e("silent", saga.StateFailed, func(o *order.PlaceOrder) { o.Card = ledger.CardSilent }),
		succeeds,
		e("nowhere", saga.StateFailed, func(o *order.PlaceOrder) { o.Address = ledger.AddressNowhere }),
		succeeds,
		e("unknown customer", saga.StateFailed, func(o *order.PlaceOrder) { o.Customer = ledger.CustomerUnknown }),
		succeeds,
		e("not in stock", saga.StateFailed, func(o *order.PlaceOrder) {
			o.Items = []order.Item{{SKU: "tea", Quantity: 1}, {SKU: "anvil", Quantity: 1}}
		}),
	}
}()

// effects returns all that the services were asked for.
func effects(t *testing.T, db *sql.DB) []ledger.Effect {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "SELECT key, order_id, kind, item, amount, done, undone FROM shop_effect")
	require.NoError(t, err)
	defer rows.Close()
	var all []ledger.Effect
	for rows.Next() {
		var e ledger.Effect
		var id string
		require.NoError(t, rows.Scan(&e.Key, &id, &e.Kind, &e.Item, &e.Amount, &e.Done, &e.Undone))
		e.Order, err = saga.ParseID(id)
		require.NoError(t, err)
		all = append(all, e)
	}
	require.NoError(t, rows.Err())
	return all
}

// audit holds the ledgers to the orders: what stands in them is what the orders that succeeded should have, once, and nothing else.
func audit(t *testing.T, db *sql.DB, orders map[saga.ID]expected) {
	t.Helper()
	standing := map[saga.ID]map[string]int64{}
	reserved := map[string]int64{}
	again := 0
	for _, e := range effects(t, db) {
		require.Contains(t, orders, e.Order, "%+v is of no order", e)
		assert.True(t, strings.HasPrefix(e.Key, e.Order.String()+"/"), "%+v", e)
		if e.Done > 1 && e.Item != ledger.CardSlow && e.Item != ledger.CardSilent {
			again++
		}
		if e.Done == 0 || e.Undone > 0 {
			continue
		}
		if standing[e.Order] == nil {
			standing[e.Order] = map[string]int64{}
		}
		kind := e.Kind
		if kind == "reservation" {
			kind += " of " + e.Item
			reserved[e.Item] += e.Amount
		}
		_, twice := standing[e.Order][kind]
		assert.False(t, twice, "%s: %s twice", e.Order, kind)
		standing[e.Order][kind] = e.Amount
	}
	t.Logf("%d requests came more than once because of a crash", again)
	for id, e := range orders {
		var want map[string]int64
		if e.state == saga.StateSucceeded {
			want = map[string]int64{"authorization": e.cents, "capture": e.cents, "shipment": 0, "mail": 0}
			for _, item := range e.order.Items {
				want["reservation of "+item.SKU] = item.Quantity
			}
		}
		assert.Equal(t, want, standing[id], "order %s of kind %q", id, e.name)
	}

	rows, err := db.QueryContext(t.Context(), "SELECT sku, initial, on_hand FROM shop_stock")
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var sku string
		var initial, onHand int64
		require.NoError(t, rows.Scan(&sku, &initial, &onHand))
		assert.Equal(t, initial-reserved[sku], onHand, "stock of %s", sku)
	}
	require.NoError(t, rows.Err())
}
