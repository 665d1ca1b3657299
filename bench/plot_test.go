package main

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// ofClients returns the results of a case with several client counts.
func ofClients(name string, values ...float64) []result {
	var results []result
	for i, value := range values {
		results = append(results, result{
			Name: name, Clients: clientCounts[i], Nodes: 5, Unit: sagasPerSecond,
			Rounds: 3, Min: value / 2, Median: value, Max: value * 2,
		})
	}
	return results
}

func TestPlotIsWellFormed(t *testing.T) {
	same := ofClients("flat", 7, 7)
	for i := range same {
		same[i].Min, same[i].Max = 7, 7
	}
	for name, results := range map[string][]result{
		"nothing":      nil,
		"bars":         sampleResults(),
		"lines":        append(ofClients("sqlite/trip", 100, 1_000, 9_000), ofClients("a<b>&\"c", 90, 80, 70)...),
		"equal values": same,
		"one value":    sampleResults()[1:],
	} {
		svg := string(drawPlot(results))
		decoder := xml.NewDecoder(strings.NewReader(svg))
		for {
			_, err := decoder.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err, "%s: %s", name, svg)
		}
		assert.NotContains(t, svg, "NaN", name)
		assert.NotContains(t, svg, "Inf", name)
		assert.Contains(t, svg, "prefers-color-scheme: dark", name)
		for _, r := range results {
			if r.Name != `a<b>&"c` {
				assert.Contains(t, svg, r.Name, name)
			}
		}
	}
}

func TestPanelsAreLinesOrBars(t *testing.T) {
	results := append(ofClients("sqlite/trip", 1, 2, 3), ofClients("memory/stages-4x50", 5)...)
	for _, n := range []int{10, 1_000} {
		results = append(results, result{
			Name: fmt.Sprintf("memory/chain-%d", n), Clients: 1, Nodes: n, Unit: sagasPerSecond,
			Min: 1, Median: 2, Max: 4,
		})
	}
	results = append(results, sampleResults()[1])
	panels := makePanels(results)
	require.Len(t, panels, 4)

	clients := panels[0].(*lines)
	require.Len(t, clients.series, 1)
	assert.Equal(t, series{"sqlite/trip", []point{{1, .5, 1, 2}, {16, 1, 2, 4}, {64, 1.5, 3, 6}}}, clients.series[0])
	nodes := panels[1].(*lines)
	require.Len(t, nodes.series, 1)
	assert.Equal(t, "memory/chain", nodes.series[0].name)
	assert.Equal(t, point{x: 1_000, min: 250, median: 500, max: 1_000}, nodes.series[0].points[1],
		"the fastest round has the fewest microseconds per node")
	assert.Equal(t, "memory/stages-4x50", panels[2].(*bars).results[0].Name)
	assert.Equal(t, "recover/sqlite/all", panels[3].(*bars).results[0].Name)
}

func TestScaleMapsItsLimits(t *testing.T) {
	for _, linear := range []bool{false, true} {
		s := scale{low: 2, high: 800, from: 10, to: 110, linear: linear}
		assert.InDelta(t, 10, s.at(2), 1e-9)
		assert.InDelta(t, 110, s.at(800), 1e-9)
	}
	assert.InDelta(t, 60, scale{low: 1, high: 100, from: 10, to: 110}.at(10), 1e-9)
}

func TestTicksAreRoundAndFew(t *testing.T) {
	assert.Equal(t, []float64{1, 2, 5, 10, 20}, scale{low: 1, high: 30}.ticks())
	assert.Equal(t, []float64{1, 10, 100, 1_000, 10_000}, scale{low: 1, high: 20_000}.ticks())
	assert.Equal(t, []float64{0, 100, 200, 300}, scale{low: 0, high: 330, linear: true}.ticks())
	assert.Equal(t, []float64{0, 50, 100}, scale{low: 0, high: 130, linear: true}.ticks())
	assert.Equal(t, "1,000", tickLabel(1_000))
	assert.Equal(t, "0.5", tickLabel(.5))
	assert.Equal(t, "10", tickLabel(10))
}

func TestLineLabelsDoNotOverlap(t *testing.T) {
	l := &lines{}
	for _, name := range []string{"a", "b", "c", "d"} {
		for i := range 2 {
			l.add(name, point{float64(1 + i), 1, 1, 1})
		}
	}
	l.add("e", point{2, 100, 100, 100})
	_, ys := l.scales()
	places := l.labels(ys)
	for i, a := range places {
		for _, b := range places[i+1:] {
			assert.GreaterOrEqual(t, max(a-b, b-a), 16.0)
		}
		assert.LessOrEqual(t, a, ys.from)
	}
}
