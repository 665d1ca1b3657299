package sec_test

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/sec"
	"github.com/sagagen/sagagen/runtime/store"
)

// hostile has values that encodings often change.
type hostile struct {
	Int     int64
	Uint    uint64
	Float   float64
	Text    string
	Bytes   []byte
	Time    time.Time
	Nil     *int
	Empty   []string
	Map     map[string][]int
	Pointer *hostile
}

func hostileValue() hostile {
	return hostile{
		Int: math.MinInt64, Uint: math.MaxUint64, Float: math.SmallestNonzeroFloat64,
		Text:  "\x00\u2028<script>&\"'\\ 😀 \ufeff",
		Bytes: []byte{0, 255, 10},
		Time:  time.Date(2026, 11, 24, 8, 0, 0, 123456789, time.FixedZone("", 5400)),
		Empty: []string{}, Map: map[string][]int{"": nil, "$params": {1}},
		Pointer: &hostile{Text: "inner"},
	}
}

// The output of an action reaches later actions, its own undo and the saga's
// result unchanged, also when it is read from the log.
func TestValuesSurviveTheLogUnchanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		want := hostileValue()
		registry := saga.NewRegistry()
		check := func(got hostile) {
			assert.True(t, want.Time.Equal(got.Time))
			got.Time = want.Time
			assert.Equal(t, want, got)
		}
		registry.Register(nil,
			saga.NewAction(saga.ActionSpec[saga.None, hostile]{
				Name: "make",
				Do: func(ctx saga.ActionContext, _ saga.None) (hostile, error) {
					return saga.Params[hostile](ctx)
				},
				Undo: func(_ saga.ActionContext, _ saga.None, out hostile) error { check(out); return nil },
			}),
			saga.NewActionFunc("take", func(ctx saga.ActionContext) (hostile, error) {
				got, err := saga.Lookup[hostile](ctx, "made")
				check(got)
				return got, err
			}, nil))
		st := store.NewMemory()
		c := openWith(t, st, registry)
		dag := saga.NewDAGBuilder("s").
			Append(saga.ActionNode("made", "", "make")).
			Append(saga.ActionNode("taken", "", "take")).
			MustBuild()
		withParams, err := saga.NewSagaDAG(dag, want)
		require.NoError(t, err)
		id, outputs, err := run(t, c, withParams)
		require.NoError(t, err)
		failing := saga.NewID()
		require.NoError(t, c.Create(t.Context(), failing, withParams))
		require.NoError(t, c.Inject(t.Context(), failing, "taken", sec.FailDo()))
		require.NoError(t, c.StartCreated(t.Context(), failing))
		_, err = c.Wait(t.Context(), failing)
		assert.Equal(t, saga.StateFailed, failedError(t, err).State)
		for range 2 { // live, then read from the store
			for _, path := range []saga.NodePath{"made", "taken"} {
				got, err := saga.OutputOf[hostile](outputs, path)
				require.NoError(t, err)
				check(got)
			}
			outputs, err = openWith(t, st, registry).Wait(t.Context(), id)
			require.NoError(t, err)
		}
	})
}
