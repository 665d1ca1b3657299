package saga_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
)

type cardDeclined struct{ Code int }

func (e cardDeclined) Error() string { return fmt.Sprintf("declined with code %d", e.Code) }

type noRoom struct{ Hotel string }

func (e *noRoom) Error() string { return "no room in " + e.Hotel }

type reason string

func (e reason) Error() string { return string(e) }

type limit[T any] struct{ Max T }

func (e limit[T]) Error() string { return fmt.Sprintf("more than %v", e.Max) }

type wrapper struct {
	Step  string
	inner error
}

func (e *wrapper) Error() string { return e.Step + ": " + e.inner.Error() }
func (e *wrapper) Unwrap() error { return e.inner }

type unmarshalable struct{ C chan int }

func (unmarshalable) Error() string { return "unmarshalable" }

type panicking struct{}

func (panicking) Error() string                { return "panicking" }
func (panicking) MarshalJSON() ([]byte, error) { panic("no JSON") }
func (panicking) Unwrap() error                { panic("no inner error") }

type endless struct{ N int }

func (e *endless) Error() string { return "endless" }
func (e *endless) Unwrap() error { return e }

// recorded returns an error as another process reads it from the log.
func recorded(t testing.TB, err error, why saga.Reason) *saga.ActionError {
	t.Helper()
	text, failure := json.Marshal(saga.NewActionError(err, why, 2))
	require.NoError(t, failure)
	back := new(saga.ActionError)
	require.NoError(t, json.Unmarshal(text, back))
	assert.Equal(t, 2, back.Attempts)
	assert.Equal(t, why, back.Reason)
	return back
}

func as[E error](t testing.TB, err error) E {
	t.Helper()
	var found E
	require.ErrorAs(t, err, &found)
	return found
}

func TestErrorsAsFindsTheOriginalError(t *testing.T) {
	t.Run("value", func(t *testing.T) {
		err := recorded(t, cardDeclined{7}, saga.ReasonError)
		assert.EqualError(t, err, "declined with code 7")
		assert.Equal(t, cardDeclined{7}, as[cardDeclined](t, err))
		assert.False(t, errors.As(err, new(*noRoom)), "another type")
		assert.False(t, errors.As(err, new(*cardDeclined)), "a pointer type differs from its value type")
	})
	t.Run("pointer", func(t *testing.T) {
		err := recorded(t, &noRoom{"Ritz"}, saga.ReasonError)
		assert.Equal(t, &noRoom{"Ritz"}, as[*noRoom](t, err))
	})
	t.Run("string", func(t *testing.T) {
		assert.Equal(t, reason("too late"), as[reason](t, recorded(t, reason("too late"), saga.ReasonError)))
	})
	t.Run("generic", func(t *testing.T) {
		err := recorded(t, limit[cardDeclined]{cardDeclined{3}}, saga.ReasonError)
		assert.Equal(t, limit[cardDeclined]{cardDeclined{3}}, as[limit[cardDeclined]](t, err))
		assert.False(t, errors.As(err, new(limit[int])), "another type argument")
	})
	t.Run("wrapped", func(t *testing.T) {
		err := recorded(t, fmt.Errorf("book: %w", &wrapper{"pay", saga.Permanent(cardDeclined{7})}), saga.ReasonError)
		assert.EqualError(t, err, "book: pay: declined with code 7")
		assert.Equal(t, cardDeclined{7}, as[cardDeclined](t, err))
		assert.Equal(t, "pay", as[*wrapper](t, err).Step)
		assert.Len(t, err.Causes, 2, "the wrappers of fmt and of this package are not recorded")
	})
	t.Run("joined", func(t *testing.T) {
		err := recorded(t, errors.Join(cardDeclined{1}, fmt.Errorf("and: %w, %w", &noRoom{"Ritz"}, cardDeclined{2})),
			saga.ReasonError)
		assert.Equal(t, cardDeclined{1}, as[cardDeclined](t, err), "the first in the order of errors.As")
		assert.Equal(t, &noRoom{"Ritz"}, as[*noRoom](t, err))
		assert.Len(t, err.Causes, 3)
	})
	t.Run("in a FailedError", func(t *testing.T) {
		failed := &saga.FailedError{Failures: []saga.Failure{
			{Err: recorded(t, &noRoom{"Ritz"}, saga.ReasonError)},
			{Err: recorded(t, cardDeclined{7}, saga.ReasonError)},
		}}
		assert.Equal(t, cardDeclined{7}, as[cardDeclined](t, fmt.Errorf("trip: %w", failed)))
		assert.Equal(t, "no room in Ritz", as[*saga.ActionError](t, failed).Message)
	})
}

func TestUnrestorableErrorsKeepTheirText(t *testing.T) {
	for _, err := range []error{
		errors.New("plain"), fmt.Errorf("wrapped: %w", errors.New("plain")), unmarshalable{}, panicking{},
		struct{ error }{errors.New("unnamed")},
	} {
		back := recorded(t, err, saga.ReasonError)
		assert.EqualError(t, back, err.Error())
		assert.Empty(t, back.Causes)
	}

	path := recorded(t, &fs.PathError{Op: "open", Path: "/x", Err: errors.New("busy")}, saga.ReasonError)
	assert.EqualError(t, path, "open /x: busy")
	assert.False(t, errors.As(path, new(*fs.PathError)),
		"its inner error is of an interface type, which JSON can't fill")
}

func TestErrorsWhoseMethodsPanicAreRecorded(t *testing.T) {
	back := recorded(t, (*noRoom)(nil), saga.ReasonError)
	assert.Contains(t, back.Message,
		"error of type *saga_test.noRoom, whose Error method panics: runtime error: invalid memory address")
}

func TestInfiniteErrorTreesAreRecordedInPart(t *testing.T) {
	back := recorded(t, &endless{1}, saga.ReasonError)
	assert.EqualError(t, back, "endless")
	assert.Len(t, back.Causes, 100)

	wide := make([]error, 1000)
	for i := range wide {
		wide[i] = cardDeclined{i}
	}
	assert.Len(t, recorded(t, errors.Join(wide...), saga.ReasonError).Causes, 99)
}

func TestAsAcceptsAnyTarget(t *testing.T) {
	err := recorded(t, cardDeclined{7}, saga.ReasonError)
	assert.False(t, err.As(nil))
	assert.False(t, err.As(cardDeclined{}))
	assert.False(t, err.As((*cardDeclined)(nil)))
	assert.False(t, err.As(new(int)))
	assert.False(t, err.As(new(any)))
	assert.False(t, errors.As(err, new(interface{ Timeout() bool })))

	err.Causes[0].Data = json.RawMessage(`"no longer an object"`)
	assert.False(t, errors.As(err, new(cardDeclined)))
}

func TestOnlyATimeoutIsDeadlineExceeded(t *testing.T) {
	for _, why := range []saga.Reason{saga.ReasonError, saga.ReasonPanic, saga.ReasonTimeout, saga.ReasonInjected} {
		err := recorded(t, context.DeadlineExceeded, why)
		assert.Equal(t, why == saga.ReasonTimeout, errors.Is(err, context.DeadlineExceeded), why)
		assert.NotErrorIs(t, err, context.Canceled)
	}
}

func TestPanicKeepsItsStack(t *testing.T) {
	back := recorded(t, fmt.Errorf("hotel: %w", &engine.PanicError{Value: "boom", Stack: []byte("goroutine 1")}),
		saga.ReasonPanic)
	assert.EqualError(t, back, "hotel: panic: boom")
	assert.Equal(t, "goroutine 1", back.Stack)
	assert.Empty(t, back.Causes)
}

func TestErrorTypesAreNamedWithTheirPackage(t *testing.T) {
	back := recorded(t, errors.Join(cardDeclined{1}, &noRoom{"x"}, limit[reason]{"y"}), saga.ReasonError)
	var types []string
	for _, c := range back.Causes {
		types = append(types, strings.ReplaceAll(c.Type, "github.com/sagagen/sagagen/runtime_test", "PKG"))
	}
	assert.Equal(t, []string{"PKG.cardDeclined", "*PKG.noRoom", "PKG.limit[PKG.reason]"}, types)
}
