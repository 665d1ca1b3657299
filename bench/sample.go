package main

import (
	"math"
	"slices"
	"time"
)

// unit is what a case's values are.
type unit string

const (
	sagasPerSecond unit = "sagas/s"
	milliseconds   unit = "ms"
)

// sample is what one round of a case has measured.
type sample struct {
	// part says what of the case it is, if that has several parts.
	part string
	// size is how many sagas the part is about, if that's given and not measured.
	size int
	// value is in the case's unit.
	value float64
	// latency has the percentiles of the time that a saga takes; zero if not measured.
	latency percentiles
	// use is what a saga costs the store.
	use usage
}

// percentiles are of the same times.
type percentiles struct{ p50, p99 time.Duration }

// percentilesOf sorts the times.
func percentilesOf(times []time.Duration) percentiles {
	slices.Sort(times)
	return percentiles{p50: nearestRank(times, 50), p99: nearestRank(times, 99)}
}

// nearestRank returns the smallest of the sorted times that at least that many of a hundred don't exceed; 0 if there are none.
func nearestRank(sorted []time.Duration, percent int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[(len(sorted)*percent+99)/100-1]
}

// median returns the middle value, or the mean of the two in the middle; NaN if there is none.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	if n == 0 {
		return math.NaN()
	}
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
