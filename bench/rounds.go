package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
)

// errSkip is wrapped by the error of a setup if something is missing, such as a
// server.
var errSkip = errors.New("skipped")

// runRounds measures each case once in each round, and returns the results in
// the order of the cases. Every other round has the reverse order, so that a
// case doesn't always run after the same one. It calls progress before each
// case, and skip once for each case that can't be measured.
//
// The first error ends the rounds. runRounds then also returns the earlier
// results. If a case failed, and ctx wasn't canceled, its results are dropped.
func runRounds(
	ctx context.Context, env *environment, cases []benchCase, rounds int, b budget,
	progress func(round int, c *benchCase), skip func(error),
) ([]result, error) {
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
			measured, err := runCase(ctx, env, c, b)
			switch {
			case errors.Is(err, errSkip):
				skipped[i] = true
				skip(fmt.Errorf("%s: %w", c.label(), err))
			case err != nil:
				failure = fmt.Errorf("%s: %w", c.label(), err)
				if ctx.Err() == nil { // not an interrupt
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

// runCase measures one round of a case.
func runCase(ctx context.Context, env *environment, c *benchCase, b budget) (samples []sample, err error) {
	s, err := c.setup(ctx, env, c.clients)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	runtime.GC() // don't charge this case for the garbage of others
	return s.measure(ctx, b)
}
