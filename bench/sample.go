package main

import (
	"math"
	"slices"
	"time"
)

// unit is the unit of the values of a case.
type unit string

const (
	sagasPerSecond unit = "sagas/s"
	milliseconds   unit = "ms"
)

// sample is the measurement of one round of a case, or of a part of it.
type sample struct {
	// part is the name of the part, or empty.
	part string
	// size is the number of sagas in the store, if the case fixes it.
	size int
	// value has the unit of the case.
	value float64
	// latency has percentiles of the time of a saga, or zeros.
	latency percentiles
	// use is the usage of the store for one saga.
	use usage
}

// percentiles are two percentiles of the same times.
type percentiles struct{ p50, p99 time.Duration }

// percentilesOf returns the percentiles. It sorts times.
func percentilesOf(times []time.Duration) percentiles {
	slices.Sort(times)
	return percentiles{p50: nearestRank(times, 50), p99: nearestRank(times, 99)}
}

// nearestRank returns the smallest time for which at least percent % of the
// sorted times are not longer. It returns 0 if there are no times.
func nearestRank(sorted []time.Duration, percent int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[(len(sorted)*percent+99)/100-1]
}

// median returns the middle value, or the mean of the two middle values. It
// returns NaN if there are no values.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	if n == 0 {
		return math.NaN()
	}
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
