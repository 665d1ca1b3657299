package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
)

// errSkip is returned by a setup that lacks something, such as a server, and says what.
var errSkip = errors.New("skipped")

// runRounds measures each case once a round, and returns what came out in the order of the cases. Odd rounds go backwards, so that
// no case always runs after the same one. The progress is told of what is being measured; skip of a case that can't be. An error ends
// it, and what was measured before is returned with it; but not of a case that came out wrong.
func runRounds(ctx context.Context, l *lab, cases []benchCase, rounds int, b budget, progress func(round int, c *benchCase), skip func(error)) ([]result, error) {
	samples := make([][]sample, len(cases))
	skipped := make([]bool, len(cases))
	order := make([]int, len(cases))
	for i := range order {
		order[i] = i
	}
	var failure error
rounds:
	for round := range rounds {
		for _, i := range order {
			c := &cases[i]
			if skipped[i] {
				continue
			}
			progress(round, c)
			measured, err := runCase(ctx, l, c, b)
			switch {
			case errors.Is(err, errSkip):
				skipped[i] = true
				skip(fmt.Errorf("%s: %w", c.label(), err))
			case err != nil:
				failure = fmt.Errorf("%s: %w", c.label(), err)
				if ctx.Err() == nil {
					samples[i] = nil
				}
				break rounds
			}
			samples[i] = append(samples[i], measured...)
		}
		slices.Reverse(order)
	}
	var results []result
	for i := range cases {
		results = append(results, summarize(&cases[i], samples[i])...)
	}
	return results, failure
}

// runCase measures a case once.
func runCase(ctx context.Context, l *lab, c *benchCase, b budget) (samples []sample, err error) {
	s, err := c.setup(ctx, l, c.clients)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	runtime.GC() // what others have left is not this one's to collect
	return s.measure(ctx, b)
}
