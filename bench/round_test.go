package main

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// recorder makes cases that record what is called.
type recorder struct{ calls []string }

func (r *recorder) benchCase(name string, failure error) benchCase {
	return benchCase{name: name, unit: milliseconds, setup: func(context.Context, *lab, int) (session, error) {
		r.calls = append(r.calls, "setup "+name)
		if errors.Is(failure, errSkip) {
			return nil, failure
		}
		return &recordedSession{r, name, failure}, nil
	}}
}

type recordedSession struct {
	*recorder
	name    string
	failure error
}

func (s *recordedSession) measure(context.Context, budget) ([]sample, error) {
	s.calls = append(s.calls, "measure "+s.name)
	return []sample{{value: float64(len(s.calls)), use: noUsage}}, s.failure
}

func (s *recordedSession) close() error {
	s.calls = append(s.calls, "close "+s.name)
	return nil
}

func TestRoundsMeasureTheCasesInTurn(t *testing.T) {
	var r recorder
	var progress []string
	results, err := runRounds(t.Context(), nil, []benchCase{r.benchCase("a", nil), r.benchCase("b", nil)}, 3, budget{},
		func(round int, c *benchCase) { progress = append(progress, fmt.Sprint(round, " ", c.name)) },
		func(err error) { t.Error(err) })
	require.NoError(t, err)
	assert.Equal(t, []string{"0 a", "0 b", "1 b", "1 a", "2 a", "2 b"}, progress)
	assert.Equal(t, []string{"setup a", "measure a", "close a", "setup b", "measure b", "close b"}, r.calls[:6])
	require.Len(t, results, 2)
	assert.Equal(t, "a", results[0].Name)
	assert.Equal(t, 3, results[0].Rounds)
}

func TestCaseThatLacksSomethingIsSkippedOnce(t *testing.T) {
	var r recorder
	var skipped []error
	lacking := fmt.Errorf("%w: give a server", errSkip)
	results, err := runRounds(t.Context(), nil, []benchCase{r.benchCase("a", lacking), r.benchCase("b", nil)}, 2, budget{},
		func(int, *benchCase) {}, func(err error) { skipped = append(skipped, err) })
	require.NoError(t, err)
	require.Len(t, skipped, 1)
	assert.EqualError(t, skipped[0], "a: skipped: give a server")
	require.Len(t, results, 1)
	assert.Equal(t, "b", results[0].Name)
}

func TestWrongResultEndsTheRunAndNamesTheCase(t *testing.T) {
	var r recorder
	results, err := runRounds(t.Context(), nil, []benchCase{r.benchCase("a", nil), r.benchCase("b", errors.New("wrong output")), r.benchCase("c", nil)}, 2, budget{},
		func(int, *benchCase) {}, func(err error) { t.Error(err) })
	assert.EqualError(t, err, "b: wrong output")
	assert.Equal(t, "close b", r.calls[len(r.calls)-1], "what was set up is removed")
	require.Len(t, results, 1, "what was measured before isn't lost")
	assert.Equal(t, "a", results[0].Name)
}

func TestInterruptedRunReturnsWhatItHasMeasured(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	var r recorder
	results, err := runRounds(ctx, nil, []benchCase{r.benchCase("a", nil), {name: "b", setup: func(ctx context.Context, _ *lab, _ int) (session, error) {
		interrupt()
		return nil, ctx.Err()
	}}}, 2, budget{}, func(int, *benchCase) {}, func(err error) { t.Error(err) })
	require.ErrorIs(t, err, context.Canceled)
	require.Len(t, results, 1)
	assert.Equal(t, "a", results[0].Name)
}
