package order

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/sec"
)

// fakeServices implements all external services. It records the calls, and one
// method can be made to fail.
type fakeServices struct {
	mu    sync.Mutex
	calls []string // the methods
	keys  []string // the idempotency key of each call

	failing string // the method that returns the error of fail
	fail    func(ctx context.Context) error
}

func (s *fakeServices) call(ctx context.Context, method, key string) (string, error) {
	s.mu.Lock()
	s.calls = append(s.calls, method)
	s.keys = append(s.keys, key)
	s.mu.Unlock()
	if method == s.failing {
		return "", s.fail(ctx)
	}
	return "number of " + method, nil
}

func (s *fakeServices) Quote(ctx context.Context, _ []Item) (int64, error) {
	_, err := s.call(ctx, "Quote", "")
	return 2500, err
}

func (s *fakeServices) Reserve(ctx context.Context, r Request, _ []Item) (string, error) {
	return s.call(ctx, "Reserve", r.Key)
}

func (s *fakeServices) Release(ctx context.Context, r Request, _ []Item) error {
	_, err := s.call(ctx, "Release", r.Key)
	return err
}

func (s *fakeServices) Authorize(ctx context.Context, r Request, _ string, _ int64) (string, error) {
	return s.call(ctx, "Authorize", r.Key)
}

func (s *fakeServices) Void(ctx context.Context, r Request) error {
	_, err := s.call(ctx, "Void", r.Key)
	return err
}

func (s *fakeServices) Capture(ctx context.Context, r Request, authorization string, cents int64) (string, error) {
	if authorization != "number of Authorize" || cents != 2500 {
		return "", &Refusal{Service: "bank", Reason: "no such authorization"}
	}
	return s.call(ctx, "Capture", r.Key)
}

func (s *fakeServices) Refund(ctx context.Context, r Request) error {
	_, err := s.call(ctx, "Refund", r.Key)
	return err
}

func (s *fakeServices) Ship(ctx context.Context, r Request, _ string) (string, error) {
	return s.call(ctx, "Ship", r.Key)
}

func (s *fakeServices) Recall(ctx context.Context, r Request) error {
	_, err := s.call(ctx, "Recall", r.Key)
	return err
}

func (s *fakeServices) Send(ctx context.Context, r Request, _, _ string) error {
	method := "Send"
	if strings.HasSuffix(r.Key, "/undo") {
		method = "Correct"
	}
	_, err := s.call(ctx, method, r.Key)
	return err
}

// runOrder runs one order until it is finished.
func runOrder(t *testing.T, s *fakeServices) (PlaceOrderResult, error) {
	t.Helper()
	service := &Service{Warehouse: s, Bank: s, Carrier: s, Mail: s}
	coordinator, err := sec.New(sec.Config{Registry: NewRegistry(service), Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	require.NoError(t, coordinator.Start())
	defer func() { require.NoError(t, coordinator.Stop(t.Context())) }()
	run, err := StartPlaceOrder(t.Context(), coordinator, PlaceOrder{Customer: "ann", Items: []Item{{"tea", 1}}})
	require.NoError(t, err)
	result, err := run.Wait(t.Context())
	prefix := run.ID().String() + "/"
	for i, key := range s.keys {
		if key != "" {
			require.True(t, strings.HasPrefix(key, prefix), "%q", key)
			s.keys[i] = strings.TrimPrefix(key, prefix)
		}
	}
	return result, err
}

func TestStepsRunInOrderOfDAG(t *testing.T) {
	s := new(fakeServices)
	result, err := runOrder(t, s)
	require.NoError(t, err)
	want := Confirmation{Cents: 2500, Receipt: "number of Capture", Tracking: "number of Ship"}
	assert.Equal(t, want, result.Confirm())
	assert.ElementsMatch(t, []string{"Quote", "Reserve", "Authorize"}, s.calls[:3], "these steps run in parallel")
	assert.Less(t, slices.Index(s.calls, "Quote"), slices.Index(s.calls, "Authorize"),
		"authorize needs the output of quote")
	assert.Equal(t, []string{"Capture", "Ship", "Send"}, s.calls[3:])
}

// steps has the do and the undo method of each step, and the key of the undo
// request. The saga runs the steps in this order, but Reserve and Authorize in
// parallel.
var steps = []struct{ do, undo, key string }{
	{"Reserve", "Release", "reserve/do"},
	{"Authorize", "Void", "authorize/do"},
	{"Capture", "Refund", "capture/do"},
	{"Ship", "Recall", "ship/do"},
	{"Send", "Correct", "confirm/undo"}, // the correction is a new request
}

// undone returns the undo methods that were called. It asserts that each had
// the key of the request that it undoes.
func (s *fakeServices) undone(t *testing.T) []string {
	t.Helper()
	var undone []string
	for i, method := range s.calls {
		for _, step := range steps {
			if step.undo == method {
				assert.Equal(t, step.key, s.keys[i], method)
				undone = append(undone, method)
			}
		}
	}
	return undone
}

func TestRefusedStepUndoesOnlyEarlierSteps(t *testing.T) {
	for i, step := range steps {
		synctest.Test(t, func(t *testing.T) {
			s := &fakeServices{failing: step.do, fail: func(context.Context) error { return &Refusal{"service", "no"} }}
			_, err := runOrder(t, s)
			var refusal *Refusal
			require.ErrorAs(t, err, &refusal)
			assert.Equal(t, "no", refusal.Reason)
			assert.Equal(t, 1, count(s.calls, step.do), "a refusal must not be retried")
			want := []string{"Refund", "Recall", "Void", "Release"}
			undone := s.undone(t)
			assert.NotContains(t, undone, step.undo)
			if i >= 2 { // all earlier steps have succeeded
				for _, earlier := range steps[:i] {
					assert.Equal(t, 1, count(undone, earlier.undo), "%s, after %s was refused", earlier.undo, step.do)
				}
				assert.Len(t, undone, i)
			}
			assert.Subset(t, want, undone)
		})
	}
}

// A service that fails without a refusal, or hangs, may have served the
// request.
func TestUnknownOutcomeIsRetriedAndThenUndone(t *testing.T) {
	failures := map[string]func(context.Context) error{
		"no response": func(context.Context) error { return errors.New("no response") },
		"hangs": func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		},
		"panics": func(context.Context) error { panic("a bug in the client") },
	}
	for name, fail := range failures {
		for _, step := range steps {
			synctest.Test(t, func(t *testing.T) {
				s := &fakeServices{failing: step.do, fail: fail}
				_, err := runOrder(t, s)
				var failed *saga.FailedError
				require.ErrorAs(t, err, &failed)
				assert.Equal(t, saga.StateFailed, failed.State, "%s %s", step.do, name)
				assert.Greater(t, count(s.calls, step.do), 2, "%s %s", step.do, name)
				assert.Equal(t, 1, count(s.undone(t), step.undo), "%s %s", step.do, name)
			})
		}
	}
}

func TestFailedQuoteLeavesNoEffect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &fakeServices{failing: "Quote", fail: func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		}}
		_, err := runOrder(t, s)
		var failed *saga.FailedError
		require.ErrorAs(t, err, &failed)
		assert.Equal(t, saga.StateFailed, failed.State)
		assert.Equal(t, []string{"Release"}, s.undone(t))
		assert.Zero(t, count(s.calls, "Authorize"))
	})
}

func TestRefusedUndoMakesOrderStuckWithoutRetry(t *testing.T) {
	s := &fakeServices{failing: "Recall", fail: func(context.Context) error { return &Refusal{"carrier", "too late"} }}
	service := &Service{Warehouse: s, Bank: s, Carrier: s, Mail: noMail{}}
	coordinator, err := sec.New(sec.Config{Registry: NewRegistry(service), Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	require.NoError(t, coordinator.Start())
	defer func() { require.NoError(t, coordinator.Stop(t.Context())) }()
	run, err := StartPlaceOrder(t.Context(), coordinator, PlaceOrder{})
	require.NoError(t, err)
	_, err = run.Wait(t.Context())
	var failed *saga.FailedError
	require.ErrorAs(t, err, &failed)
	assert.Equal(t, saga.StateStuck, failed.State)
	assert.Equal(t, 1, count(s.calls, "Recall"))
}

type noMail struct{}

func (noMail) Send(context.Context, Request, string, string) error { return &Refusal{"mail", "no"} }

func count(all []string, one string) (n int) {
	for _, s := range all {
		if s == one {
			n++
		}
	}
	return n
}

func TestCheckRejectsInvalidOrders(t *testing.T) {
	good := PlaceOrder{Customer: "a", Address: "b", Card: "c", Items: []Item{{"tea", 1}, {"cup", maxQuantity}}}
	require.NoError(t, good.Check())
	items := func(items ...Item) func(*PlaceOrder) {
		return func(o *PlaceOrder) { o.Items = items }
	}
	for want, change := range map[string]func(*PlaceOrder){
		"customer, address and card are required":        func(o *PlaceOrder) { o.Card = "" },
		"found 0 items, want 1 to 50":                    items(),
		"found 51 items, want 1 to 50":                   items(make([]Item, maxItems+1)...),
		"an item has no sku":                             items(Item{"", 1}),
		`item "tea" has quantity 0, want 1 to 1000`:      items(Item{"tea", 0}),
		`item "tea" has quantity 1001, want 1 to 1000`:   items(Item{"tea", maxQuantity + 1}),
		`item "tea" is listed twice: add the quantities`: items(Item{"tea", 1}, Item{"tea", 2}),
	} {
		o := good
		change(&o)
		assert.EqualError(t, o.Check(), want)
	}
}
