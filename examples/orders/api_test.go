package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sagagen/sagagen/examples/orders/ledger"
	"github.com/sagagen/sagagen/examples/orders/order"
	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/sec"
)

// service runs the program in the process of the test.
type service struct {
	t           *testing.T
	url         string
	coordinator *sec.Coordinator
	db          *sql.DB
	stop        context.CancelFunc
}

// serve starts a service on a SQLite file. If change isn't nil, it may replace
// external services.
func serve(t *testing.T, change func(*order.Service)) *service {
	t.Helper()
	file := filepath.Join(t.TempDir(), "orders.db")
	d, err := open(t.Context(), options{db: file})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, d.close()) })
	services := d.ledger.Service()
	if change != nil {
		change(services)
	}
	coordinator, err := sec.New(sec.Config{
		Store:    d.sagas,
		Registry: order.NewRegistry(services),
		Logger:   slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	require.NoError(t, coordinator.Start())
	t.Cleanup(func() { assert.NoError(t, coordinator.Stop(context.Background())) })
	ctx, stop := context.WithCancel(t.Context())
	server := httptest.NewServer(newAPI(ctx, coordinator, d.ledger))
	t.Cleanup(server.Close)
	db, err := sql.Open("sqlite", file+"?_pragma=busy_timeout(30000)")
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	return &service{t: t, url: server.URL, coordinator: coordinator, db: db, stop: stop}
}

// call makes a request, asserts the status and decodes the response into
// answer, unless that is nil.
func (s *service) call(method, path, key, body string, want int, answer any) http.Header {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, bytes.NewBufferString(body))
	require.NoError(s.t, err)
	r.Header.Set("Idempotency-Key", key)
	response, err := http.DefaultClient.Do(r)
	require.NoError(s.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	require.Equal(s.t, want, response.StatusCode, "%s %s: %s", method, path, text)
	if answer != nil {
		require.NoError(s.t, json.Unmarshal(text, answer), "%s", text)
	}
	return response.Header
}

// place places an order and returns its ID.
func (s *service) place(key string, o order.PlaceOrder) saga.ID {
	s.t.Helper()
	body, err := json.Marshal(o)
	require.NoError(s.t, err)
	var answer struct{ ID saga.ID }
	s.call("POST", "/orders", key, string(body), http.StatusAccepted, &answer)
	return answer.ID
}

// shown is the description of an order in a response.
type shown struct {
	State, Reason string
	Steps         []stepView
	Confirmation  *order.Confirmation
}

func (s *service) show(id saga.ID, query string) (v shown) {
	s.t.Helper()
	s.call("GET", "/orders/"+id.String()+query, "", "", http.StatusOK, &v)
	return v
}

// failure makes a request that must fail with a status, and returns the error
// message.
func (s *service) failure(method, path, key, body string, want int) string {
	s.t.Helper()
	var answer struct{ Error string }
	header := s.call(method, path, key, body, want, &answer)
	assert.Equal(s.t, want >= 500, header.Get("Retry-After") != "")
	return answer.Error
}

func TestOrderIsPlacedOncePerIdempotencyKey(t *testing.T) {
	s := serve(t, nil)
	body, err := json.Marshal(scenarios[0].order)
	require.NoError(t, err)
	var first, second struct{ ID saga.ID }
	header := s.call("POST", "/orders", "a key", string(body), http.StatusAccepted, &first)
	assert.Equal(t, "/orders/"+first.ID.String(), header.Get("Location"))
	s.call("POST", "/orders", "a key", string(body), http.StatusAccepted, &second)
	assert.Equal(t, first, second)
	assert.NotEqual(t, first.ID, s.place("another key", scenarios[0].order))
	const other = `{"customer":"bob","address":"b","card":"b","items":[{"sku":"tea","quantity":1}]}`
	assert.Contains(t, s.failure("POST", "/orders", "a key", other, http.StatusConflict), saga.ErrSagaExists.Error())

	v := s.show(first.ID, "?wait=30s")
	assert.Equal(t, "succeeded", v.State)
	require.NotNil(t, v.Confirmation)
	assert.EqualValues(t, 2500, v.Confirmation.Cents)
	var effects []ledger.Effect
	s.call("GET", "/orders/"+first.ID.String()+"/effects", "", "", http.StatusOK, &effects)
	require.Len(t, effects, 6)
	for _, e := range effects {
		assert.EqualValues(t, 1, e.Done, "%+v", e)
		if e.Kind == "capture" {
			assert.Equal(t, v.Confirmation.Receipt, e.Number)
		}
	}
}

func TestOrdersReachExpectedStates(t *testing.T) {
	s := serve(t, nil)
	orders := map[saga.ID]scenario{}
	for i, e := range scenarios {
		orders[s.place(fmt.Sprint(i), e.order)] = e
	}
	reasons := map[string]string{
		"declined":         "the bank refuses: the card is declined",
		"silent":           "no response",
		"nowhere":          "the carrier refuses: the address is not served",
		"unknown customer": "the mail refuses: no such customer",
		"not in stock":     `the warehouse refuses: not enough of "anvil" in stock`,
	}
	for id, e := range orders {
		v := s.show(id, "?wait=30s")
		assert.Equal(t, e.state.String(), v.State, e.name)
		assert.Equal(t, reasons[e.name], v.Reason)
		assert.Equal(t, e.state == saga.StateSucceeded, v.Confirmation != nil)
	}
	checkEffects(t, s.db, orders)
}

// blockedCarrier is a carrier whose Ship waits until released is closed.
type blockedCarrier struct {
	order.Carrier
	called, released chan struct{}
}

func (c blockedCarrier) Ship(ctx context.Context, r order.Request, address string) (string, error) {
	c.called <- struct{}{}
	<-c.released
	return c.Carrier.Ship(context.WithoutCancel(ctx), r, address)
}

// serveBlocked starts a service with a blockedCarrier.
func serveBlocked(t *testing.T) (*service, blockedCarrier) {
	c := blockedCarrier{called: make(chan struct{}, 1), released: make(chan struct{})}
	return serve(t, func(services *order.Service) {
		c.Carrier = services.Carrier
		services.Carrier = c
	}), c
}

func TestCanceledOrderIsUndone(t *testing.T) {
	s, carrier := serveBlocked(t)
	id := s.place("a key", scenarios[0].order)
	<-carrier.called
	cancel := "/orders/" + id.String() + "/cancel"
	message := s.failure("POST", cancel, "", `{"by":"bob"}`, http.StatusBadRequest)
	assert.Contains(t, message, saga.ErrInvalidCommand.Error())
	message = s.failure("POST", cancel, "", `{"who":"bob"}`, http.StatusBadRequest)
	assert.Contains(t, message, `unknown field "who"`)
	s.call("POST", cancel, "", `{"by":"bob","reason":"ann called"}`, http.StatusAccepted, nil)
	s.call("POST", cancel, "", `{"by":"bob","reason":"ann called again"}`, http.StatusAccepted, nil)
	assert.Equal(t, "unwinding", s.show(id, "").State)
	close(carrier.released)

	v := s.show(id, "?wait=30s")
	assert.Equal(t, "failed", v.State)
	assert.Equal(t, "canceled by bob: ann called", v.Reason)
	assert.Equal(t, []stepView{
		{"quote", "undone"}, {"reserve", "undone"}, {"authorize", "undone"},
		{"capture", "undone"}, {"ship", "undone"}, {"confirm", "abandoned"},
	}, v.Steps)
	checkEffects(t, s.db, map[saga.ID]scenario{id: {state: saga.StateFailed}})

	done := s.place("another key", scenarios[0].order)
	<-carrier.called
	assert.Equal(t, "succeeded", s.show(done, "?wait=30s").State)
	cancel = "/orders/" + done.String() + "/cancel"
	message = s.failure("POST", cancel, "", `{"by":"bob","reason":"too late"}`, http.StatusConflict)
	assert.Contains(t, message, saga.ErrWrongState.Error())
}

func TestWaitReturnsWhenProcessStops(t *testing.T) {
	s, carrier := serveBlocked(t)
	id := s.place("a key", scenarios[0].order)
	<-carrier.called
	s.stop()
	assert.Equal(t, "running", s.show(id, "?wait=30s").State)
	close(carrier.released)
}

func TestRequestIsUnavailableAfterShutdown(t *testing.T) {
	s := serve(t, nil)
	require.NoError(t, s.coordinator.Stop(t.Context()))
	body, err := json.Marshal(scenarios[0].order)
	require.NoError(t, err)
	message := s.failure("POST", "/orders", "a key", string(body), http.StatusServiceUnavailable)
	assert.Equal(t, saga.ErrStopped.Error(), message)
}

func TestOrdersAreListedByStateAndPage(t *testing.T) {
	s := serve(t, nil)
	ids := map[saga.ID]saga.State{}
	for i, e := range scenarios {
		id := s.place(fmt.Sprint(i), e.order)
		ids[id] = e.state
		s.show(id, "?wait=30s")
	}
	list := func(query string) (page []listed) {
		var answer struct{ Orders []listed }
		s.call("GET", "/orders"+query, "", "", http.StatusOK, &answer)
		return answer.Orders
	}
	assert.Len(t, list(""), len(scenarios))
	assert.Len(t, list("?state=failed&state=succeeded"), len(scenarios))
	assert.Empty(t, list("?state=stuck"))
	seen := map[saga.ID]bool{}
	const failed = "?state=failed&limit=2"
	for page := list(failed); len(page) > 0; page = list(failed + "&after=" + page[len(page)-1].ID.String()) {
		assert.LessOrEqual(t, len(page), 2)
		for _, o := range page {
			assert.Equal(t, saga.StateFailed, ids[o.ID])
			assert.False(t, seen[o.ID])
			seen[o.ID] = true
		}
	}
	assert.Len(t, seen, 5)
}

type listed struct{ ID saga.ID }

func TestInvalidRequestsAreRejected(t *testing.T) {
	s := serve(t, nil)
	const good = `{"customer":"a","address":"a","card":"a","items":[{"sku":"tea","quantity":1}]}`
	unknown := "/orders/" + saga.NewID().String()
	for _, tt := range []struct {
		method, path, key, body string
		status                  int
		want                    string
	}{
		{"POST", "/orders", "", good, 400, "header Idempotency-Key is missing"},
		{"POST", "/orders", "k", `{`, 400, "invalid request body: "},
		{"POST", "/orders", "k", `{"colour":"red"}`, 400, `unknown field "colour"`},
		{"POST", "/orders", "k", `{"items":"` + strings.Repeat("a", maxBody) + `"}`, 400, "request body too large"},
		{"POST", "/orders", "k", `{"customer":"a","address":"a"}`, 400, "customer, address and card are required"},
		{"GET", unknown, "", "", 404, saga.ErrNotFound.Error()},
		{"GET", unknown + "/effects", "", "", 404, saga.ErrNotFound.Error()},
		{"POST", unknown + "/cancel", "", `{"by":"a","reason":"b"}`, 404, saga.ErrNotFound.Error()},
		{"GET", "/orders/1", "", "", 400, `saga id "1"`},
		{"GET", "/orders?state=lost", "", "", 400, `unknown state "lost", want created, running,`},
		{"GET", "/orders?limit=0", "", "", 400, `limit is "0", want 1 to 500`},
		{"GET", "/orders?after=x", "", "", 400, `saga id "x"`},
	} {
		assert.Contains(t, s.failure(tt.method, tt.path, tt.key, tt.body, tt.status), tt.want)
	}
	id := s.place("k", scenarios[0].order)
	message := s.failure("GET", "/orders/"+id.String()+"?wait=1h", "", "", 400)
	assert.Contains(t, message, `wait is "1h", want a duration up to 30s`)
}
