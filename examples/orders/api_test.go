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
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sagagen/sagagen/examples/orders/ledger"
	"github.com/sagagen/sagagen/examples/orders/order"
	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/sec"
)

// service is the program within a test.
type service struct {
	t           *testing.T
	url         string
	coordinator *sec.Coordinator
	db          *sql.DB
	stop        context.CancelFunc
}

// serve serves, on an SQLite file, what change has made of the services of others.
func serve(t *testing.T, change func(*order.Service)) *service {
	t.Helper()
	file := filepath.Join(t.TempDir(), "orders.db")
	d, err := open(t.Context(), options{db: file})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, d.close()) })
	others := d.ledger.Service()
	if change != nil {
		change(others)
	}
	coordinator, err := sec.New(sec.Config{Store: d.sagas, Registry: order.NewRegistry(others), Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, coordinator.Shutdown(context.Background())) })
	ctx, stop := context.WithCancel(t.Context())
	server := httptest.NewServer(newAPI(ctx, coordinator, d.ledger))
	t.Cleanup(server.Close)
	db, err := sql.Open("sqlite", file+"?_pragma=busy_timeout(30000)")
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	return &service{t: t, url: server.URL, coordinator: coordinator, db: db, stop: stop}
}

// call makes a request, asserts the status and decodes the answer, if there is where to.
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

// shown is what is told of an order.
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

func (s *service) failure(method, path, key, body string, want int) string {
	s.t.Helper()
	var answer struct{ Error string }
	header := s.call(method, path, key, body, want, &answer)
	assert.Equal(s.t, want >= 500, header.Get("Retry-After") != "")
	return answer.Error
}

func TestOrderIsPlacedOnceForItsKey(t *testing.T) {
	s := serve(t, nil)
	body, err := json.Marshal(kinds[0].order)
	require.NoError(t, err)
	var first, second struct{ ID saga.ID }
	header := s.call("POST", "/orders", "a key", string(body), http.StatusAccepted, &first)
	assert.Equal(t, "/orders/"+first.ID.String(), header.Get("Location"))
	s.call("POST", "/orders", "a key", string(body), http.StatusAccepted, &second)
	assert.Equal(t, first, second)
	assert.NotEqual(t, first.ID, s.place("another key", kinds[0].order))
	assert.Contains(t, s.failure("POST", "/orders", "a key", `{"customer":"bob","address":"b","card":"b","items":[{"sku":"tea","quantity":1}]}`, http.StatusConflict),
		"another saga has that id")

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

func TestOrdersOfAllKindsEndAsTheyShould(t *testing.T) {
	s := serve(t, nil)
	orders := map[saga.ID]expected{}
	for i, e := range kinds {
		orders[s.place(fmt.Sprint(i), e.order)] = e
	}
	reasons := map[string]string{
		"declined":         "the bank refuses: the card is declined",
		"silent":           "no answer",
		"nowhere":          "the carrier refuses: nobody goes there",
		"unknown customer": "the mail refuses: there is no such customer",
		"not in stock":     `the warehouse refuses: there is not enough of "anvil"`,
	}
	for id, e := range orders {
		v := s.show(id, "?wait=30s")
		assert.Equal(t, e.state.String(), v.State, e.name)
		assert.Equal(t, reasons[e.name], v.Reason)
		assert.Equal(t, e.state == saga.StateSucceeded, v.Confirmation != nil)
	}
	audit(t, s.db, orders)
}

// gate is a carrier that doesn't fetch parcels before it is open.
type gate struct {
	order.Carrier
	entered, opened chan struct{}
}

func (g gate) Ship(ctx context.Context, r order.Request, address string) (string, error) {
	g.entered <- struct{}{}
	<-g.opened
	return g.Carrier.Ship(context.WithoutCancel(ctx), r, address)
}

// serveGate serves with such a carrier.
func serveGate(t *testing.T) (*service, gate) {
	g := gate{entered: make(chan struct{}, 1), opened: make(chan struct{})}
	return serve(t, func(others *order.Service) {
		g.Carrier = others.Carrier
		others.Carrier = g
	}), g
}

func TestOrderIsUndoneWhenItIsCanceled(t *testing.T) {
	s, carrier := serveGate(t)
	id := s.place("a key", kinds[0].order)
	<-carrier.entered
	cancel := "/orders/" + id.String() + "/cancel"
	assert.Contains(t, s.failure("POST", cancel, "", `{"by":"bob"}`, http.StatusBadRequest), "Reason is empty")
	assert.Contains(t, s.failure("POST", cancel, "", `{"who":"bob"}`, http.StatusBadRequest), `unknown field "who"`)
	s.call("POST", cancel, "", `{"by":"bob","reason":"ann called"}`, http.StatusAccepted, nil)
	s.call("POST", cancel, "", `{"by":"bob","reason":"ann called again"}`, http.StatusAccepted, nil)
	assert.Equal(t, "unwinding", s.show(id, "").State)
	close(carrier.opened)

	v := s.show(id, "?wait=30s")
	assert.Equal(t, "failed", v.State)
	assert.Equal(t, "canceled by bob: ann called", v.Reason)
	assert.Equal(t, []stepView{{"quote", "undone"}, {"reserve", "undone"}, {"authorize", "undone"}, {"capture", "undone"}, {"ship", "undone"},
		{"confirm", "abandoned"}}, v.Steps)
	audit(t, s.db, map[saga.ID]expected{id: {state: saga.StateFailed}})

	done := s.place("another key", kinds[0].order)
	<-carrier.entered
	assert.Equal(t, "succeeded", s.show(done, "?wait=30s").State)
	assert.Contains(t, s.failure("POST", "/orders/"+done.String()+"/cancel", "", `{"by":"bob","reason":"too late"}`, http.StatusConflict), "it is succeeded")
}

func TestWaitEndsWhenTheProcessIsToEnd(t *testing.T) {
	s, carrier := serveGate(t)
	id := s.place("a key", kinds[0].order)
	<-carrier.entered
	s.stop()
	assert.Equal(t, "running", s.show(id, "?wait=30s").State)
	close(carrier.opened)
}

func TestClientIsToldToComeAgainWhenTheCoordinatorIsDown(t *testing.T) {
	s := serve(t, nil)
	require.NoError(t, s.coordinator.Shutdown(t.Context()))
	body, err := json.Marshal(kinds[0].order)
	require.NoError(t, err)
	assert.Equal(t, "coordinator is shut down", s.failure("POST", "/orders", "a key", string(body), http.StatusServiceUnavailable))
}

func TestOrdersAreListedByStateAndPage(t *testing.T) {
	s := serve(t, nil)
	ids := map[saga.ID]saga.State{}
	for i, e := range kinds {
		id := s.place(fmt.Sprint(i), e.order)
		ids[id] = e.state
		s.show(id, "?wait=30s")
	}
	list := func(query string) (page []listed) {
		var answer struct {
			Orders  []listed
			Partial bool
		}
		s.call("GET", "/orders"+query, "", "", http.StatusOK, &answer)
		assert.False(t, answer.Partial)
		return answer.Orders
	}
	assert.Len(t, list(""), len(kinds))
	assert.Len(t, list("?state=failed&state=succeeded"), len(kinds))
	assert.Empty(t, list("?state=stuck"))
	seen := map[saga.ID]bool{}
	for page := list("?state=failed&limit=2"); len(page) > 0; page = list("?state=failed&limit=2&after=" + page[len(page)-1].ID.String()) {
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

func TestMistakesOfClientsAreTold(t *testing.T) {
	s := serve(t, nil)
	const good = `{"customer":"a","address":"a","card":"a","items":[{"sku":"tea","quantity":1}]}`
	unknown := "/orders/" + saga.NewID().String()
	for _, tt := range []struct {
		method, path, key, body string
		status                  int
		want                    string
	}{
		{"POST", "/orders", "", good, 400, "the header Idempotency-Key is missing"},
		{"POST", "/orders", "k", `{`, 400, "the body is not what is wanted: "},
		{"POST", "/orders", "k", `{"colour":"red"}`, 400, `unknown field "colour"`},
		{"POST", "/orders", "k", `{"items":"` + string(bytes.Repeat([]byte("a"), maxBody)) + `"}`, 400, "request body too large"},
		{"POST", "/orders", "k", `{"customer":"a","address":"a"}`, 400, "customer, address and card are required"},
		{"GET", unknown, "", "", 404, "no such saga"},
		{"GET", unknown + "/effects", "", "", 404, "no such saga"},
		{"POST", unknown + "/cancel", "", `{"by":"a","reason":"b"}`, 404, "no such saga"},
		{"GET", "/orders/1", "", "", 400, `saga id "1"`},
		{"GET", "/orders?state=lost", "", "", 400, `there is no state "lost"; there are created, running,`},
		{"GET", "/orders?limit=0", "", "", 400, `limit is "0", want 1 to 500`},
		{"GET", "/orders?after=x", "", "", 400, `saga id "x"`},
	} {
		assert.Contains(t, s.failure(tt.method, tt.path, tt.key, tt.body, tt.status), tt.want)
	}
	id := s.place("k", kinds[0].order)
	assert.Contains(t, s.failure("GET", "/orders/"+id.String()+"?wait=1h", "", "", 400), `wait is "1h", want a duration up to 30s`)
}
