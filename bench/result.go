package main

import (
	"math"
	"slices"
	"time"
)

// result is the result of one part of a case over all rounds. A pointer is nil
// if the value is unknown or doesn't apply to the case.
type result struct {
	Name    string `json:"name"`
	Clients int    `json:"clients"`
	// Nodes is the number of actions of a saga.
	Nodes int `json:"nodes,omitempty"`
	// Sagas is the number of sagas in the store, if the case fixes it.
	Sagas int `json:"sagas,omitempty"`
	// SagasPerSecond and the following three are medians of the rounds.
	SagasPerSecond *float64 `json:"sagas_per_s"`
	MsPerSaga      *latency `json:"ms_per_saga"`
	CommitsPerSaga *float64 `json:"commits_per_saga"`
	BytesPerSaga   *float64 `json:"bytes_per_saga"`
	// Unit is the unit of Min, Median and Max, which are those of the rounds.
	Unit   unit    `json:"unit"`
	Rounds int     `json:"rounds"`
	Min    float64 `json:"min"`
	Median float64 `json:"median"`
	Max    float64 `json:"max"`
}

// latency has percentiles of the time of a saga, in milliseconds.
type latency struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
}

// summarize returns one result for each part of a case, in the order in which
// the parts were first measured.
func summarize(c *benchCase, samples []sample) []result {
	var results []result
	for len(samples) > 0 {
		part := samples[0].part
		var of, others []sample
		for _, s := range samples {
			if s.part == part {
				of = append(of, s)
			} else {
				others = append(others, s)
			}
		}
		results = append(results, summarizePart(c, of))
		samples = others
	}
	return results
}

func summarizePart(c *benchCase, samples []sample) result {
	values := collect(samples, func(s sample) float64 { return s.value })
	r := result{
		Name: c.name, Clients: c.clients, Nodes: c.nodes, Sagas: samples[0].size,
		Unit: c.unit, Rounds: len(samples), Min: slices.Min(values), Median: median(values), Max: slices.Max(values),
	}
	if part := samples[0].part; part != "" {
		r.Name += "/" + part
	}
	if c.unit == sagasPerSecond {
		r.SagasPerSecond = known(r.Median)
	}
	if samples[0].latency.p50 > 0 {
		r.MsPerSaga = &latency{
			P50: median(collect(samples, func(s sample) float64 { return inMilliseconds(s.latency.p50) })),
			P99: median(collect(samples, func(s sample) float64 { return inMilliseconds(s.latency.p99) })),
		}
	}
	r.CommitsPerSaga = known(median(collect(samples, func(s sample) float64 { return s.use.commits })))
	r.BytesPerSaga = known(median(collect(samples, func(s sample) float64 { return s.use.bytes })))
	return r
}

func collect(samples []sample, value func(sample) float64) []float64 {
	values := make([]float64, len(samples))
	for i, s := range samples {
		values[i] = value(s)
	}
	return values
}

// known returns a pointer to value, or nil for NaN.
func known(value float64) *float64 {
	if math.IsNaN(value) {
		return nil
	}
	return &value
}

func inMilliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
