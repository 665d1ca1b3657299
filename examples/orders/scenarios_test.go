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

// scenario is an order and its expected final state.
type scenario struct {
	name  string
	order order.PlaceOrder
	state saga.State
	cents int64
}

// scenarios has successful and failing orders in turn.
var scenarios = func() []scenario {
	good := order.PlaceOrder{Customer: "ann", Address: "1 High St", Card: "4929",
		Items: []order.Item{{SKU: "tea", Quantity: 2}, {SKU: "cup", Quantity: 1}}}
	e := func(name string, state saga.State, change func(*order.PlaceOrder)) scenario {
		o := good
		change(&o)
		return scenario{name: name, order: o, state: state, cents: 2*650 + 1200}
	}
	succeeds := e("good", saga.StateSucceeded, func(*order.PlaceOrder) {})
	return []scenario{
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

// effects returns all requests that the services received.
func effects(t *testing.T, db *sql.DB) []ledger.Effect {
	t.Helper()
	rows, err := db.QueryContext(t.Context(),
		"SELECT key, order_id, kind, item, amount, done, undone FROM shop_effect")
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

// checkEffects compares the ledger with the orders. The remaining effects must
// be exactly those of the successful orders, each once.
func checkEffects(t *testing.T, db *sql.DB, orders map[saga.ID]scenario) {
	t.Helper()
	remaining := map[saga.ID]map[string]int64{}
	reserved := map[string]int64{}
	repeated := 0
	for _, e := range effects(t, db) {
		require.Contains(t, orders, e.Order, "%+v belongs to no order", e)
		assert.True(t, strings.HasPrefix(e.Key, e.Order.String()+"/"), "%+v", e)
		if e.Done > 1 && e.Item != ledger.CardSlow && e.Item != ledger.CardSilent {
			repeated++
		}
		if e.Done == 0 || e.Undone > 0 {
			continue
		}
		if remaining[e.Order] == nil {
			remaining[e.Order] = map[string]int64{}
		}
		kind := e.Kind
		if kind == "reservation" {
			kind += " of " + e.Item
			reserved[e.Item] += e.Amount
		}
		_, twice := remaining[e.Order][kind]
		assert.False(t, twice, "%s: %s twice", e.Order, kind)
		remaining[e.Order][kind] = e.Amount
	}
	t.Logf("%d requests were repeated after a crash", repeated)
	for id, e := range orders {
		var want map[string]int64
		if e.state == saga.StateSucceeded {
			want = map[string]int64{"authorization": e.cents, "capture": e.cents, "shipment": 0, "mail": 0}
			for _, item := range e.order.Items {
				want["reservation of "+item.SKU] = item.Quantity
			}
		}
		assert.Equal(t, want, remaining[id], "order %s, scenario %q", id, e.name)
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
