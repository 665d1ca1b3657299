package main

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// recorder creates cases that record their calls.
type recorder struct{ calls []string }

func (r *recorder) benchCase(name string, failure error) benchCase {
	return benchCase{name: name, unit: milliseconds, setup: func(context.Context, *environment, int) (session, error) {
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

func TestRoundsMeasureCasesInTurn(t *testing.T) {
	var r recorder
	var progress []string
	cases := []benchCase{r.benchCase("a", nil), r.benchCase("b", nil)}
	results, err := runRounds(t.Context(), nil, cases, 3, budget{},
		func(round int, c *benchCase) { progress = append(progress, fmt.Sprint(round, " ", c.name)) },
		func(err error) { t.Error(err) })
	require.NoError(t, err)
	assert.Equal(t, []string{"0 a", "0 b", "1 b", "1 a", "2 a", "2 b"}, progress)
	assert.Equal(t, []string{"setup a", "measure a", "close a", "setup b", "measure b", "close b"}, r.calls[:6])
	require.Len(t, results, 2)
	assert.Equal(t, "a", results[0].Name)
	assert.Equal(t, 3, results[0].Rounds)
}

func TestSkippedCaseIsReportedOnce(t *testing.T) {
	var r recorder
	var skipped []error
	missing := fmt.Errorf("%w: set a server", errSkip)
	cases := []benchCase{r.benchCase("a", missing), r.benchCase("b", nil)}
	results, err := runRounds(t.Context(), nil, cases, 2, budget{},
		func(int, *benchCase) {}, func(err error) { skipped = append(skipped, err) })
	require.NoError(t, err)
	require.Len(t, skipped, 1)
	assert.EqualError(t, skipped[0], "a: skipped: set a server")
	require.Len(t, results, 1)
	assert.Equal(t, "b", results[0].Name)
}

func TestWrongResultEndsRunAndNamesCase(t *testing.T) {
	var r recorder
	cases := []benchCase{
		r.benchCase("a", nil), r.benchCase("b", errors.New("wrong output")), r.benchCase("c", nil),
	}
	results, err := runRounds(t.Context(), nil, cases, 2, budget{},
		func(int, *benchCase) {}, func(err error) { t.Error(err) })
	assert.EqualError(t, err, "b: wrong output")
	assert.Equal(t, "close b", r.calls[len(r.calls)-1], "the session must be closed")
	require.Len(t, results, 1, "earlier results must be returned")
	assert.Equal(t, "a", results[0].Name)
}

func TestInterruptedRunReturnsEarlierResults(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	var r recorder
	interrupted := benchCase{name: "b", setup: func(ctx context.Context, _ *environment, _ int) (session, error) {
		interrupt()
		return nil, ctx.Err()
	}}
	results, err := runRounds(ctx, nil, []benchCase{r.benchCase("a", nil), interrupted}, 2, budget{},
		func(int, *benchCase) {}, func(err error) { t.Error(err) })
	require.ErrorIs(t, err, context.Canceled)
	require.Len(t, results, 1)
	assert.Equal(t, "a", results[0].Name)
}
