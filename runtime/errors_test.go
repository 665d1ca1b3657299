package saga_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
)

func TestPermanentAndIndeterminateMarkErrors(t *testing.T) {
	plain := errors.New("plain")
	for _, tt := range []struct {
		name                     string
		err                      error
		permanent, indeterminate bool
	}{
		{"nothing", nil, false, false},
		{"plain", plain, false, false},
		{"permanent", saga.Permanent(plain), true, false},
		{"indeterminate", saga.Indeterminate(plain), false, true},
		{"both", saga.Permanent(saga.Indeterminate(plain)), true, true},
		{"both the other way", saga.Indeterminate(saga.Permanent(plain)), true, true},
		{"wrapped", fmt.Errorf("call: %w", saga.Permanent(plain)), true, false},
		{"joined", errors.Join(plain, saga.Indeterminate(plain)), false, true},
	} {
		assert.Equal(t, tt.permanent, saga.IsPermanent(tt.err), tt.name)
		assert.Equal(t, tt.indeterminate, saga.IsIndeterminate(tt.err), tt.name)
	}
	for _, mark := range []func(error) error{saga.Permanent, saga.Indeterminate} {
		assert.NoError(t, mark(nil))
		assert.EqualError(t, mark(plain), "plain")
		assert.ErrorIs(t, mark(plain), plain)
	}
}

func TestPanicErrorShowsTheValue(t *testing.T) {
	assert.EqualError(t, &engine.PanicError{Value: "boom"}, "panic: boom")
	assert.EqualError(t, &engine.PanicError{Value: errors.New("boom")}, "panic: boom")
	assert.EqualError(t, &engine.PanicError{}, "panic: <nil>")
}
