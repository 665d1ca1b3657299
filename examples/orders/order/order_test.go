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

// others is all the services. It notes the calls, and does to one of them what the test wants.
type others struct {
	mu    sync.Mutex
	calls []string // as in "Ship ID/ship/do"
	keys  []string

	victim string // the method to which fail happens
	fail   func(ctx context.Context) error
}

func (o *others) call(ctx context.Context, method, key string) (string, error) {
	o.mu.Lock()
	o.calls = append(o.calls, method)
	o.keys = append(o.keys, key)
	o.mu.Unlock()
	if method == o.victim {
		return "", o.fail(ctx)
	}
	return "number of " + method, nil
}

func (o *others) Quote(ctx context.Context, _ []Item) (int64, error) {
	_, err := o.call(ctx, "Quote", "")
	return 2500, err
}

func (o *others) Reserve(ctx context.Context, r Request, _ []Item) (string, error) {
	return o.call(ctx, "Reserve", r.Key)
}

func (o *others) Release(ctx context.Context, r Request, _ []Item) error {
	_, err := o.call(ctx, "Release", r.Key)
	return err
}

func (o *others) Authorize(ctx context.Context, r Request, _ string, _ int64) (string, error) {
	return o.call(ctx, "Authorize", r.Key)
}

func (o *others) Void(ctx context.Context, r Request) error {
	_, err := o.call(ctx, "Void", r.Key)
	return err
}

func (o *others) Capture(ctx context.Context, r Request, authorization string, cents int64) (string, error) {
	if authorization != "number of Authorize" || cents != 2500 {
		return "", &Refusal{Service: "bank", Reason: "no such authorization"}
	}
	return o.call(ctx, "Capture", r.Key)
}

func (o *others) Refund(ctx context.Context, r Request) error {
	_, err := o.call(ctx, "Refund", r.Key)
	return err
}

func (o *others) Ship(ctx context.Context, r Request, _ string) (string, error) {
	return o.call(ctx, "Ship", r.Key)
}

func (o *others) Recall(ctx context.Context, r Request) error {
	_, err := o.call(ctx, "Recall", r.Key)
	return err
}

func (o *others) Send(ctx context.Context, r Request, _, _ string) error {
	method := "Send"
	if strings.HasSuffix(r.Key, "/undo") {
		method = "Correct"
	}
	_, err := o.call(ctx, method, r.Key)
	return err
}

// play runs one order to its end, in no time.
func play(t *testing.T, o *others) (PlaceOrderResult, error) {
	t.Helper()
	service := &Service{Warehouse: o, Bank: o, Carrier: o, Mail: o}
	coordinator, err := sec.New(sec.Config{Registry: NewRegistry(service), Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	defer func() { require.NoError(t, coordinator.Shutdown(t.Context())) }()
	run, err := StartPlaceOrder(t.Context(), coordinator, PlaceOrder{Customer: "ann", Items: []Item{{"tea", 1}}})
	require.NoError(t, err)
	result, err := run.Wait(t.Context())
	prefix := run.ID().String() + "/"
	for i, key := range o.keys {
		if key != "" {
			require.True(t, strings.HasPrefix(key, prefix), "%q", key)
			o.keys[i] = strings.TrimPrefix(key, prefix)
		}
	}
	return result, err
}

func TestOrderIsCarriedOutInOrder(t *testing.T) {
	o := new(others)
	result, err := play(t, o)
	require.NoError(t, err)
	assert.Equal(t, Confirmation{Cents: 2500, Receipt: "number of Capture", Tracking: "number of Ship"}, result.Confirm())
	assert.ElementsMatch(t, []string{"Quote", "Reserve", "Authorize"}, o.calls[:3], "these run beside each other")
	assert.Less(t, slices.Index(o.calls, "Quote"), slices.Index(o.calls, "Authorize"), "but the price comes first")
	assert.Equal(t, []string{"Capture", "Ship", "Send"}, o.calls[3:])
}

// steps are the do methods, and what undoes each. The steps before one are those that the order takes before it.
var steps = []struct{ do, undo, key string }{
	{"Reserve", "Release", "reserve/do"},
	{"Authorize", "Void", "authorize/do"},
	{"Capture", "Refund", "capture/do"},
	{"Ship", "Recall", "ship/do"},
	{"Send", "Correct", "confirm/undo"}, // a mail of its own
}

// undone returns the undo methods that were called, and asserts that each had the key of what it undoes.
func (o *others) undone(t *testing.T) []string {
	t.Helper()
	var undone []string
	for i, method := range o.calls {
		for _, s := range steps {
			if s.undo == method {
				assert.Equal(t, s.key, o.keys[i], method)
				undone = append(undone, method)
			}
		}
	}
	return undone
}

func TestRefusedStepIsNotUndoneAndThoseBeforeItAre(t *testing.T) {
	for i, step := range steps {
		synctest.Test(t, func(t *testing.T) {
			o := &others{victim: step.do, fail: func(context.Context) error { return &Refusal{"service", "no"} }}
			_, err := play(t, o)
			var refusal *Refusal
			require.ErrorAs(t, err, &refusal)
			assert.Equal(t, "no", refusal.Reason)
			assert.Equal(t, 1, count(o.calls, step.do), "a refusal isn't tried again")
			want := []string{"Refund", "Recall", "Void", "Release"}
			undone := o.undone(t)
			assert.NotContains(t, undone, step.undo)
			if i >= 2 { // all before it have succeeded
				for _, s := range steps[:i] {
					assert.Equal(t, 1, count(undone, s.undo), "%s, after %s was refused", s.undo, step.do)
				}
				assert.Len(t, undone, i)
			}
			assert.Subset(t, want, undone)
		})
	}
}

// A service that fails without a refusal, or hangs, may have done what it was asked for.
func TestStepOfUnknownOutcomeIsTriedAgainAndThenUndoneByItsKey(t *testing.T) {
	failures := map[string]func(context.Context) error{
		"no answer": func(context.Context) error { return errors.New("no answer") },
		"hangs": func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		},
		"panics": func(context.Context) error { panic("a bug in the client") },
	}
	for name, fail := range failures {
		for _, step := range steps {
			synctest.Test(t, func(t *testing.T) {
				o := &others{victim: step.do, fail: fail}
				_, err := play(t, o)
				var failed *saga.FailedError
				require.ErrorAs(t, err, &failed)
				assert.Equal(t, saga.StateFailed, failed.State, "%s %s", step.do, name)
				assert.Greater(t, count(o.calls, step.do), 2, "%s %s", step.do, name)
				assert.Equal(t, 1, count(o.undone(t), step.undo), "%s %s", step.do, name)
			})
		}
	}
}

func TestQuoteThatFailsLeavesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &others{victim: "Quote", fail: func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		}}
		_, err := play(t, o)
		var failed *saga.FailedError
		require.ErrorAs(t, err, &failed)
		assert.Equal(t, saga.StateFailed, failed.State)
		assert.Equal(t, []string{"Release"}, o.undone(t))
		assert.Zero(t, count(o.calls, "Authorize"))
	})
}

func TestUndoThatIsRefusedLeavesTheOrderStuckAtOnce(t *testing.T) {
	o := &others{victim: "Recall", fail: func(context.Context) error { return &Refusal{"carrier", "too late"} }}
	service := &Service{Warehouse: o, Bank: o, Carrier: o, Mail: noMail{}}
	coordinator, err := sec.New(sec.Config{Registry: NewRegistry(service), Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	defer func() { require.NoError(t, coordinator.Shutdown(t.Context())) }()
	run, err := StartPlaceOrder(t.Context(), coordinator, PlaceOrder{})
	require.NoError(t, err)
	_, err = run.Wait(t.Context())
	var failed *saga.FailedError
	require.ErrorAs(t, err, &failed)
	assert.Equal(t, saga.StateStuck, failed.State)
	assert.Equal(t, 1, count(o.calls, "Recall"))
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

func TestOrdersThatMakeNoSenseAreRefused(t *testing.T) {
	good := PlaceOrder{Customer: "a", Address: "b", Card: "c", Items: []Item{{"tea", 1}, {"cup", maxQuantity}}}
	require.NoError(t, good.Check())
	for want, change := range map[string]func(*PlaceOrder){
		"customer, address and card are required":          func(o *PlaceOrder) { o.Card = "" },
		"there are 0 items, want 1 to 50":                  func(o *PlaceOrder) { o.Items = nil },
		"there are 51 items, want 1 to 50":                 func(o *PlaceOrder) { o.Items = make([]Item, maxItems+1) },
		"an item has no sku":                               func(o *PlaceOrder) { o.Items = []Item{{"", 1}} },
		`item "tea": the quantity is 0, want 1 to 1000`:    func(o *PlaceOrder) { o.Items = []Item{{"tea", 0}} },
		`item "tea": the quantity is 1001, want 1 to 1000`: func(o *PlaceOrder) { o.Items = []Item{{"tea", maxQuantity + 1}} },
		`item "tea" is there twice: add the quantities`:    func(o *PlaceOrder) { o.Items = []Item{{"tea", 1}, {"tea", 2}} },
	} {
		o := good
		change(&o)
		assert.EqualError(t, o.Check(), want)
	}
}
