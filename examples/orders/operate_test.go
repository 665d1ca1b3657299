package main

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sagagen/sagagen/examples/orders/ledger"
	"github.com/sagagen/sagagen/examples/orders/order"
	saga "github.com/sagagen/sagagen/runtime"
)

// placeStuckOrder places an order that gets stuck: the mail to the customer
// fails, and the parcel can't be recalled.
func placeStuckOrder(t *testing.T) (*service, saga.ID) {
	t.Helper()
	s := serve(t, nil)
	o := scenarios[0].order
	o.Customer, o.Address = ledger.CustomerUnknown, ledger.AddressIsland
	id := s.place("a key", o)
	v := s.show(id, "?wait=30s")
	require.Equal(t, "stuck", v.State)
	require.Equal(t, `undo of node "ship" failed: the carrier refuses: the ferry has left`, v.Reason)
	var page struct{ Orders []listed }
	s.call("GET", "/orders?state=stuck", "", "", http.StatusOK, &page)
	require.Equal(t, []listed{{id}}, page.Orders)
	return s, id
}

// remaining returns the kinds of the effects of an order that are not undone.
func (s *service) remaining(id saga.ID) []string {
	s.t.Helper()
	var kinds []string
	for _, e := range effects(s.t, s.db) {
		if e.Order == id && e.Done > 0 && e.Undone == 0 {
			kinds = append(kinds, e.Kind)
		}
	}
	return kinds
}

func TestStuckOrderFailsAfterMarkUndone(t *testing.T) {
	s, id := placeStuckOrder(t)
	ctx := t.Context()
	ann := saga.Audit{By: "ann", Reason: "is there another ferry?"}
	require.NoError(t, s.coordinator.Apply(ctx, id, saga.RetryUndo("ship", ann)))
	assert.Equal(t, "stuck", s.show(id, "?wait=30s").State, "the retry fails too")
	all := []string{"reservation", "reservation", "authorization", "capture", "shipment"}
	assert.ElementsMatch(t, all, s.remaining(id), "the steps before ship can't be undone before ship")

	ann.Reason = "brought the parcel back in my own boat"
	require.NoError(t, s.coordinator.Apply(ctx, id, saga.MarkUndone("ship", ann)))
	assert.Equal(t, "failed", s.show(id, "?wait=30s").State)
	assert.Equal(t, []string{"shipment"}, s.remaining(id), "MarkUndone doesn't call the carrier")
	require.NoError(t, s.coordinator.Apply(ctx, id, saga.MarkUndone("ship", ann)), "a command may be repeated")
}

func TestStuckOrderSucceedsWithSuppliedOutputs(t *testing.T) {
	s, id := placeStuckOrder(t)
	ctx := t.Context()
	ann := saga.Audit{By: "ann", Reason: "the parcel is there, and I told the customer by telephone"}
	// Without the pause, ship would be undone again as soon as its output is
	// supplied.
	require.NoError(t, s.coordinator.Apply(ctx, id, saga.Pause(ann)))
	supply := func(node saga.NodePath, output any) {
		text, err := json.Marshal(output)
		require.NoError(t, err)
		require.NoError(t, s.coordinator.Apply(ctx, id, saga.SupplyOutput(node, text, ann)))
	}
	supply("ship", order.Shipment{Tracking: "by hand"})
	supply("confirm", order.Confirmation{Cents: 2500, Tracking: "by hand"})
	v := s.show(id, "?wait=30s")
	assert.Equal(t, "succeeded", v.State, "a paused saga succeeds if no node is left to start")
	assert.Equal(t, &order.Confirmation{Cents: 2500, Tracking: "by hand"}, v.Confirmation)
}

func TestStuckOrderIsAbandoned(t *testing.T) {
	s, id := placeStuckOrder(t)
	ann := saga.Audit{By: "ann", Reason: "written off, case 4711"}
	require.NoError(t, s.coordinator.Apply(t.Context(), id, saga.Abandon(ann)))
	v := s.show(id, "")
	assert.Equal(t, "abandoned", v.State)
	assert.Len(t, s.remaining(id), 5, "an abandoned saga undoes nothing more")
	require.NoError(t, s.coordinator.Delete(t.Context(), id))
	message := s.failure("GET", "/orders/"+id.String(), "", "", http.StatusNotFound)
	assert.Contains(t, message, saga.ErrNotFound.Error())
}
