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

// stick places an order that gets stuck: its customer can't be written to, and its parcel can't be brought back.
func stick(t *testing.T) (*service, saga.ID) {
	t.Helper()
	s := serve(t, nil)
	o := kinds[0].order
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

// standing returns the kinds of what still stands for an order.
func (s *service) standing(id saga.ID) []string {
	s.t.Helper()
	var kinds []string
	for _, e := range effects(s.t, s.db) {
		if e.Order == id && e.Done > 0 && e.Undone == 0 {
			kinds = append(kinds, e.Kind)
		}
	}
	return kinds
}

func TestStuckOrderIsUndoneFurtherWhenAnOperatorHasUndoneAStep(t *testing.T) {
	s, id := stick(t)
	ctx := t.Context()
	ann := saga.Audit{By: "ann", Reason: "is there another ferry?"}
	require.NoError(t, s.coordinator.RetryUndo(ctx, id, "ship", ann))
	assert.Equal(t, "stuck", s.show(id, "?wait=30s").State, "there is none")
	assert.ElementsMatch(t, []string{"reservation", "reservation", "authorization", "capture", "shipment"}, s.standing(id),
		"what the shipment depends on isn't undone before it")

	ann.Reason = "brought the parcel back in my own boat"
	require.NoError(t, s.coordinator.MarkUndone(ctx, id, "ship", ann))
	assert.Equal(t, "failed", s.show(id, "?wait=30s").State)
	assert.Equal(t, []string{"shipment"}, s.standing(id), "the carrier's books don't know of the boat")
	require.NoError(t, s.coordinator.MarkUndone(ctx, id, "ship", ann), "an order to an operator's verb may be repeated")
}

func TestStuckOrderIsCarriedOutWhenAnOperatorSuppliesTheOutputs(t *testing.T) {
	s, id := stick(t)
	ctx := t.Context()
	ann := saga.Audit{By: "ann", Reason: "the parcel is there, and I told the customer by telephone"}
	require.NoError(t, s.coordinator.Pause(ctx, id, ann), "or else the parcel is recalled again when it is said to be shipped")
	supply := func(node saga.NodePath, output any) {
		text, err := json.Marshal(output)
		require.NoError(t, err)
		supplied := ann
		supplied.Output = text
		require.NoError(t, s.coordinator.SupplyOutput(ctx, id, node, supplied))
	}
	supply("ship", order.Shipment{Tracking: "by hand"})
	supply("confirm", order.Confirmation{Cents: 2500, Tracking: "by hand"})
	v := s.show(id, "?wait=30s")
	assert.Equal(t, "succeeded", v.State, "paused or not, as nothing is left to start")
	assert.Equal(t, &order.Confirmation{Cents: 2500, Tracking: "by hand"}, v.Confirmation)
}

func TestStuckOrderIsAbandoned(t *testing.T) {
	s, id := stick(t)
	ann := saga.Audit{By: "ann", Reason: "written off, case 4711"}
	require.NoError(t, s.coordinator.Abandon(t.Context(), id, ann))
	v := s.show(id, "")
	assert.Equal(t, "abandoned", v.State)
	assert.Len(t, s.standing(id), 5, "nothing is undone any more")
	require.NoError(t, s.coordinator.Delete(t.Context(), id))
	assert.Contains(t, s.failure("GET", "/orders/"+id.String(), "", "", http.StatusNotFound), "no such saga")
}
