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
	"github.com/sagagen/sagagen/runtime/store"
)

// api is the service over HTTP. It keeps nothing: an order's ID is its saga's, and all that is known of it is in the saga. So any process
// serves any request.
type api struct {
	coordinator *sec.Coordinator
	ledger      *ledger.Ledger
	// stopping ends when the process is to end; requests that only wait don't hold it up.
	stopping context.Context
}

func newAPI(stopping context.Context, coordinator *sec.Coordinator, ledger *ledger.Ledger) http.Handler {
	a := &api{coordinator: coordinator, ledger: ledger, stopping: stopping}
	mux := http.NewServeMux()
	mux.Handle("POST /orders", answering(a.place))
	mux.Handle("GET /orders", answering(a.list))
	mux.Handle("GET /orders/{id}", answering(a.show))
	mux.Handle("POST /orders/{id}/cancel", answering(a.cancel))
	mux.Handle("GET /orders/{id}/effects", answering(a.effects))
	return mux
}

// What a request may be at most.
const (
	maxBody = 64 << 10
	maxWait = 30 * time.Second
	maxPage = 500
)

// place starts the saga of an order and answers when that is durable. The ID follows from the client's key. So a client which gets no answer
// asks again, with the same key, at any process, and has one order.
func (a *api) place(r *http.Request) (int, any, error) {
	key := r.Header.Get("Idempotency-Key")
	if key == "" {
		return 0, nil, badRequest(errors.New("the header Idempotency-Key is missing: send one that is new for each order, and the same when you try again"))
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
	return http.StatusAccepted, placed{ID: run.ID()}, nil
}

// show tells what is known of an order. With ?wait=5s it waits so long for its end.
func (a *api) show(r *http.Request) (int, any, error) {
	run, err := a.find(r)
	if err != nil {
		return 0, nil, err
	}
	if text := r.FormValue("wait"); text != "" {
		wait, err := time.ParseDuration(text)
		if err != nil || wait < 0 || wait > maxWait {
			return 0, nil, badRequest(fmt.Errorf("wait is %q, want a duration up to %v, as in 5s", text, maxWait))
		}
		ctx, cancel := context.WithTimeout(r.Context(), wait)
		defer cancel()
		defer context.AfterFunc(a.stopping, cancel)()
		_, _ = run.Wait(ctx) // whatever it came to, the status tells
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

// list tells which orders there are, in the order of their IDs, which says nothing of their age: ?state=stuck&after=ID&limit=100.
func (a *api) list(r *http.Request) (int, any, error) {
	query := store.Query{Name: order.PlaceOrderDAG().Name(), Limit: 100}
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
	partial := errors.Is(err, saga.ErrPartial) // the database doesn't answer; better this than nothing
	if err != nil && !partial {
		return 0, nil, err
	}
	return http.StatusOK, newListView(records, partial), nil
}

// cancel lets an order be undone, as far as it has come. Who and why is in the saga's log for good.
func (a *api) cancel(r *http.Request) (int, any, error) {
	run, err := a.find(r)
	if err != nil {
		return 0, nil, err
	}
	var c struct{ By, Comment string }
	if err := decode(r, &c); err != nil {
		return 0, nil, err
	}
	if err := a.coordinator.Cancel(r.Context(), run.ID(), saga.Audit{By: c.By, Reason: c.Comment}); err != nil {
		return 0, nil, err
	}
	return http.StatusAccepted, placed{ID: run.ID()}, nil
}

// effects tells what the services of others were asked for.
func (a *api) effects(r *http.Request) (int, any, error) {
	run, err := a.find(r)
	if err != nil {
		return 0, nil, err
	}
	effects, err := a.ledger.Effects(r.Context(), run.ID())
	return http.StatusOK, effects, err
}

// find returns the order that a request is about.
func (a *api) find(r *http.Request) (*order.PlaceOrderRun, error) {
	id, err := saga.ParseID(r.PathValue("id"))
	if err != nil {
		return nil, badRequest(err)
	}
	return order.FindPlaceOrder(r.Context(), a.coordinator, id)
}

// decode reads the body, which has to be the JSON of such a value and nothing else.
func decode(r *http.Request, dst any) error {
	decoder := json.NewDecoder(http.MaxBytesReader(nil, r.Body, maxBody))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(dst); err != nil {
		return badRequest(fmt.Errorf("the body is not what is wanted: %w", err))
	}
	return nil
}
