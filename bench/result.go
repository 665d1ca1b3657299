package main

import (
	"math"
	"slices"
	"time"
)

// result is what the rounds of a case have measured together. Numbers that aren't known, or make no sense for the case, are nil.
type result struct {
	Name    string `json:"name"`
	Clients int    `json:"clients"`
	// Nodes is how many actions a saga has.
	Nodes int `json:"nodes,omitempty"`
	// Sagas is how many sagas the case is about, where that's given.
	Sagas int `json:"sagas,omitempty"`
	// SagasPerSecond is the median over the rounds, as are the following.
	SagasPerSecond *float64 `json:"sagas_per_s"`
	MsPerSaga      *latency `json:"ms_per_saga"`
	CommitsPerSaga *float64 `json:"commits_per_saga"`
	BytesPerSaga   *float64 `json:"bytes_per_saga"`
	// Unit is that of the least, the middle and the greatest value of a round.
	Unit   unit    `json:"unit"`
	Rounds int     `json:"rounds"`
	Min    float64 `json:"min"`
	Median float64 `json:"median"`
	Max    float64 `json:"max"`
}

// latency has percentiles of the milliseconds that a saga takes.
type latency struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
}

// summarize returns a result for each part of a case, in the order in which the parts were first measured.
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

// known returns nil for NaN.
func known(value float64) *float64 {
	if math.IsNaN(value) {
		return nil
	}
	return &value
}

func inMilliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
