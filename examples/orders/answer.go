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
	"github.com/sagagen/sagagen/runtime/store"
)

// placed names an order.
type placed struct {
	ID saga.ID `json:"id"`
}

// orderView is what is told of one order.
type orderView struct {
	ID    saga.ID    `json:"id"`
	State saga.State `json:"state"`
	// Reason is why it was not carried out.
	Reason string     `json:"reason,omitempty"`
	Steps  []stepView `json:"steps"`
	// Confirmation is there if it was.
	Confirmation *order.Confirmation `json:"confirmation,omitempty"`
}

type stepView struct {
	Step  saga.NodePath `json:"step"`
	State string        `json:"state"`
}

func newOrderView(status *saga.Status) orderView {
	v := orderView{ID: status.ID, State: status.State}
	for id := saga.NodeID(0); status.DAG.Contains(id); id++ {
		if status.DAG.Kind(id) == saga.KindAction {
			v.Steps = append(v.Steps, stepView{status.DAG.Path(id), status.Describe(id)})
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
	// Partial says that the database didn't answer, and that these are only those which this process works on.
	Partial bool `json:"partial"`
}

type listedView struct {
	ID      saga.ID    `json:"id"`
	State   saga.State `json:"state"`
	Updated time.Time  `json:"updated,omitzero"`
}

func newListView(records []store.Record, partial bool) listView {
	v := listView{Orders: []listedView{}, Partial: partial}
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
	return 0, fmt.Errorf("there is no state %q; there are created, running, unwinding, stuck, succeeded, failed and abandoned", text)
}

// badRequestError is a client's mistake.
type badRequestError struct{ error }

func badRequest(err error) error { return badRequestError{err} }

// answering makes a handler of a function that returns a status and what to answer as JSON, or an error.
func answering(f func(*http.Request) (int, any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status, body, err := f(r)
		if err != nil {
			status, body = statusOf(err), map[string]string{"error": err.Error()}
		}
		if status >= http.StatusInternalServerError {
			slog.Warn("request fails", "method", r.Method, "path", r.URL.Path, "error", err)
			w.Header().Set("Retry-After", "1")
		}
		if p, ok := body.(placed); ok {
			w.Header().Set("Location", "/orders/"+p.ID.String())
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(body) // if the client has gone, nobody is there to tell
	})
}

// statusOf says what an error means to a client. What isn't known here is taken to pass: the database is away, or this process is
// ending. Whether the request had an effect is not known then, and it is safe to repeat it.
func statusOf(err error) int {
	switch {
	case errors.As(err, new(badRequestError)), errors.Is(err, saga.ErrInvalidAudit):
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
