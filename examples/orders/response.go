package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/sagagen/sagagen/examples/orders/order"
	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
)

// idView identifies an order.
type idView struct {
	ID saga.ID `json:"id"`
}

// orderView describes one order.
type orderView struct {
	ID    saga.ID    `json:"id"`
	State saga.State `json:"state"`
	// Reason says why the order failed, is stuck or is parked.
	Reason string     `json:"reason,omitempty"`
	Steps  []stepView `json:"steps"`
	// Confirmation is set if the order succeeded.
	Confirmation *order.Confirmation `json:"confirmation,omitempty"`
}

type stepView struct {
	Step  saga.NodePath `json:"step"`
	State string        `json:"state"`
}

func newOrderView(status *saga.Status) orderView {
	v := orderView{ID: status.ID, State: status.State}
	for _, node := range status.Nodes {
		if node.Kind == engine.KindAction {
			v.Steps = append(v.Steps, stepView{node.Path, status.Describe(node.Path)})
		}
	}
	switch failures, log := status.Failures(), status.Log(); {
	case status.Parked != nil:
		v.Reason = status.Parked.Error()
	case len(failures) > 0 && status.State == saga.StateStuck:
		v.Reason = failures[len(failures)-1].String()
	case log.Canceled() != nil:
		v.Reason = fmt.Sprintf("canceled by %s: %s", log.Canceled().By, log.Canceled().Reason)
	case len(failures) > 0:
		v.Reason = failures[0].Err.Message
	}
	return v
}

// listView is a page of orders.
type listView struct {
	Orders []listedView `json:"orders"`
}

type listedView struct {
	ID      saga.ID    `json:"id"`
	State   saga.State `json:"state"`
	Updated time.Time  `json:"updated,omitzero"`
}

func newListView(records []saga.Record) listView {
	v := listView{Orders: []listedView{}}
	for _, r := range records {
		v.Orders = append(v.Orders, listedView{r.ID, r.State, r.Updated})
	}
	return v
}

func parseState(text string) (saga.State, error) {
	for state := saga.StateCreated; state <= saga.StateAbandoned; state++ {
		if state.String() == text {
			return state, nil
		}
	}
	return 0, fmt.Errorf("unknown state %q, want "+
		"created, running, unwinding, stuck, succeeded, failed or abandoned", text)
}

// badRequestError is an error in the client's request.
type badRequestError struct{ error }

func badRequest(err error) error { return badRequestError{err} }

// jsonHandler returns a handler for a function that returns a status and a JSON
// body, or an error.
func jsonHandler(f func(*http.Request) (int, any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status, body, err := f(r)
		if err != nil {
			status, body = statusOf(err), map[string]string{"error": err.Error()}
		}
		if status >= http.StatusInternalServerError {
			slog.Warn("request failed", "method", r.Method, "path", r.URL.Path, "error", err)
			w.Header().Set("Retry-After", "1")
		}
		if v, ok := body.(idView); ok {
			w.Header().Set("Location", "/orders/"+v.ID.String())
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(body) // fails only if the client is gone
	})
}

// statusOf returns the HTTP status for an error. Errors that it doesn't know
// are temporary: the database is unavailable, or this process is stopping. The
// request may then have had an effect or not, and it is safe to repeat it.
func statusOf(err error) int {
	switch {
	case errors.As(err, new(badRequestError)), errors.Is(err, saga.ErrInvalidCommand):
		return http.StatusBadRequest
	case errors.Is(err, saga.ErrNotFound):
		return http.StatusNotFound
	case errors.Is(err, saga.ErrSagaExists), errors.Is(err, saga.ErrWrongState):
		return http.StatusConflict
	case errors.Is(err, saga.ErrParked):
		return http.StatusInternalServerError
	}
	return http.StatusServiceUnavailable
}
