package main

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestMedianOfOddAndEvenCounts(t *testing.T) {
	assert.Equal(t, 3.0, median([]float64{5, 3, 1}))
	assert.Equal(t, 2.5, median([]float64{4, 1, 3, 2}))
	assert.Equal(t, 7.0, median([]float64{7}))
	assert.True(t, math.IsNaN(median(nil)))
	values := []float64{3, 1, 2}
	median(values)
	assert.Equal(t, []float64{3, 1, 2}, values, "median must not sort its argument")
}

func TestPercentilesAreMeasuredTimes(t *testing.T) {
	var times []time.Duration
	for i := range 200 {
		times = append(times, time.Duration(200-i))
	}
	assert.Equal(t, percentiles{p50: 100, p99: 198}, percentilesOf(times))
	assert.Equal(t, percentiles{p50: 9, p99: 9}, percentilesOf([]time.Duration{9}))
	assert.Equal(t, percentiles{p50: 1, p99: 2}, percentilesOf([]time.Duration{2, 1}))
	assert.Equal(t, percentiles{}, percentilesOf(nil))
}

func TestUsageIsDifferencePerSaga(t *testing.T) {
	before, after := usage{commits: 10, bytes: 1_000}, usage{commits: 50, bytes: 3_000}
	assert.Equal(t, usage{commits: 4, bytes: 200}, after.per(before, 10))
	unknown := noUsage.per(noUsage, 10)
	assert.True(t, math.IsNaN(unknown.commits) && math.IsNaN(unknown.bytes))
}
