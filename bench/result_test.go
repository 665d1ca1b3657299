package main

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestResultHasMediansAndSpreadOfRounds(t *testing.T) {
	c := benchCase{name: "sqlite/trip", clients: 16, nodes: 5, unit: sagasPerSecond}
	round := func(value float64, p99 time.Duration, commits float64) sample {
		return sample{
			value:   value,
			latency: percentiles{p50: time.Millisecond, p99: p99},
			use:     usage{commits: commits, bytes: math.NaN()},
		}
	}
	results := summarize(&c, []sample{
		round(300, 2*time.Millisecond, 4), round(100, 9*time.Millisecond, 5), round(200, 4*time.Millisecond, 6),
	})
	require.Len(t, results, 1)
	perSecond, commits := 200.0, 5.0
	assert.Equal(t, result{
		Name: "sqlite/trip", Clients: 16, Nodes: 5, Unit: sagasPerSecond, Rounds: 3, Min: 100, Median: 200, Max: 300,
		SagasPerSecond: &perSecond, CommitsPerSaga: &commits, MsPerSaga: &latency{P50: 1, P99: 4},
	}, results[0])
}

func TestEachPartOfCaseIsOneResult(t *testing.T) {
	c := benchCase{name: "recover/sqlite", unit: milliseconds}
	results := summarize(&c, []sample{
		{part: "first", size: 9, value: 1, use: noUsage}, {part: "all", size: 9, value: 10, use: noUsage},
		{part: "first", size: 9, value: 3, use: noUsage}, {part: "all", size: 9, value: 30, use: noUsage},
	})
	assert.Equal(t, []result{
		{Name: "recover/sqlite/first", Sagas: 9, Unit: milliseconds, Rounds: 2, Min: 1, Median: 2, Max: 3},
		{Name: "recover/sqlite/all", Sagas: 9, Unit: milliseconds, Rounds: 2, Min: 10, Median: 20, Max: 30},
	}, results)
}

func TestCaseWithoutSamplesHasNoResult(t *testing.T) {
	assert.Empty(t, summarize(&benchCase{name: "temporal/trip"}, nil))
}
