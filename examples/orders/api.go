package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/sagagen/sagagen/examples/orders/ledger"
	"github.com/sagagen/sagagen/examples/orders/order"
	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/sec"
)

// api serves HTTP. It is stateless: the ID of an order is the ID of its saga,
// and all data about the order is in the saga. So any process can serve any
// request.
type api struct {
	coordinator *sec.Coordinator
	ledger      *ledger.Ledger
	// stopping is canceled when the process has to stop. Requests that only
	// wait then return, so they don't delay the shutdown.
	stopping context.Context
}

func newAPI(stopping context.Context, coordinator *sec.Coordinator, ledger *ledger.Ledger) http.Handler {
	a := &api{coordinator: coordinator, ledger: ledger, stopping: stopping}
	mux := http.NewServeMux()
	mux.Handle("POST /orders", jsonHandler(a.place))
	mux.Handle("GET /orders", jsonHandler(a.list))
	mux.Handle("GET /orders/{id}", jsonHandler(a.show))
	mux.Handle("POST /orders/{id}/cancel", jsonHandler(a.cancel))
	mux.Handle("GET /orders/{id}/effects", jsonHandler(a.effects))
	return mux
}

// Limits of a request.
const (
	maxBody = 64 << 10
	maxWait = 30 * time.Second
	maxPage = 500
)

// place starts the saga of an order. It responds when the start is durable. The
// ID is computed from the client's idempotency key, so a client that got no
// response can repeat the request at any process: there is only one order.
func (a *api) place(r *http.Request) (int, any, error) {
	key := r.Header.Get("Idempotency-Key")
	if key == "" {
		return 0, nil, badRequest(errors.New("header Idempotency-Key is missing: " +
			"use a new key for each order, and the same key to repeat a request"))
	}
	var o order.PlaceOrder
	if err := decode(r, &o); err != nil {
		return 0, nil, err
	}
	if err := o.Check(); err != nil {
		return 0, nil, badRequest(err)
	}
	run, err := order.StartPlaceOrder(r.Context(), a.coordinator, o, saga.WithIdempotencyKey(key))
	if err != nil {
		return 0, nil, err
	}
	return http.StatusAccepted, idView{ID: run.ID()}, nil
}

// show returns an order. With ?wait=5s it first waits until the order is
// finished, but at most 5 seconds.
func (a *api) show(r *http.Request) (int, any, error) {
	run, err := a.find(r)
	if err != nil {
		return 0, nil, err
	}
	if text := r.FormValue("wait"); text != "" {
		wait, err := time.ParseDuration(text)
		if err != nil || wait < 0 || wait > maxWait {
			return 0, nil, badRequest(fmt.Errorf("wait is %q, want a duration up to %v, such as 5s", text, maxWait))
		}
		ctx, cancel := context.WithTimeout(r.Context(), wait)
		defer cancel()
		defer context.AfterFunc(a.stopping, cancel)()
		_, _ = run.Wait(ctx) // the status below has the outcome
	}
	status, err := run.Status(r.Context())
	if err != nil {
		return 0, nil, err
	}
	view := newOrderView(status)
	if status.State == saga.StateSucceeded {
		result, err := run.Wait(r.Context())
		if err != nil {
			return 0, nil, err
		}
		confirmation := result.Confirm()
		view.Confirmation = &confirmation
	}
	return http.StatusOK, view, nil
}

// list returns a page of orders: ?state=stuck&after=ID&limit=100. They are
// sorted by ID, which is not their age.
func (a *api) list(r *http.Request) (int, any, error) {
	query := saga.Query{Name: order.PlaceOrderDAG().Name(), Limit: 100}
	var err error
	if text := r.FormValue("limit"); text != "" {
		if query.Limit, err = strconv.Atoi(text); err != nil || query.Limit < 1 || query.Limit > maxPage {
			return 0, nil, badRequest(fmt.Errorf("limit is %q, want 1 to %d", text, maxPage))
		}
	}
	if text := r.FormValue("after"); text != "" {
		if query.After, err = saga.ParseID(text); err != nil {
			return 0, nil, badRequest(err)
		}
	}
	for _, text := range r.Form["state"] {
		state, err := parseState(text)
		if err != nil {
			return 0, nil, badRequest(err)
		}
		query.States = append(query.States, state)
	}
	records, err := a.coordinator.List(r.Context(), query)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, newListView(records), nil
}

// cancel stops an order and undoes its steps. The saga's log records who
// canceled it, and why.
func (a *api) cancel(r *http.Request) (int, any, error) {
	run, err := a.find(r)
	if err != nil {
		return 0, nil, err
	}
	var body struct{ By, Reason string }
	if err := decode(r, &body); err != nil {
		return 0, nil, err
	}
	audit := saga.Audit{By: body.By, Reason: body.Reason}
	if err := a.coordinator.Apply(r.Context(), run.ID(), saga.Cancel(audit)); err != nil {
		return 0, nil, err
	}
	return http.StatusAccepted, idView{ID: run.ID()}, nil
}

// effects returns the requests of an order to the external services.
func (a *api) effects(r *http.Request) (int, any, error) {
	run, err := a.find(r)
	if err != nil {
		return 0, nil, err
	}
	effects, err := a.ledger.Effects(r.Context(), run.ID())
	return http.StatusOK, effects, err
}

// find returns the order whose ID is in the path of a request.
func (a *api) find(r *http.Request) (*order.PlaceOrderRun, error) {
	id, err := saga.ParseID(r.PathValue("id"))
	if err != nil {
		return nil, badRequest(err)
	}
	return order.FindPlaceOrder(r.Context(), a.coordinator, id)
}

// decode decodes the JSON body of a request. It returns a badRequestError if
// the body is too large or doesn't fit dst.
func decode(r *http.Request, dst any) error {
	decoder := json.NewDecoder(http.MaxBytesReader(nil, r.Body, maxBody))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(dst); err != nil {
		return badRequest(fmt.Errorf("invalid request body: %w", err))
	}
	return nil
}
