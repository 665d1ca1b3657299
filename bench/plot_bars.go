package main

import (
	"bytes"
	"fmt"
	"math"
)

// bars is a panel with one bar per result. The axis starts at zero, or is
// logarithmic if the values differ by more than linearUpTo. A whisker shows the
// minimum and the maximum of the rounds.
type bars struct {
	unit    unit
	results []result
}

func (b *bars) add(r result) { b.results = append(b.results, r) }

func (b *bars) caption() string {
	switch b.unit {
	case milliseconds:
		return "Milliseconds"
	case sagasPerSecond:
		return "Sagas per second"
	}
	return string(b.unit)
}

const (
	barHeight  = 22
	titleSpace = 30
	labelWidth = 250
	valueWidth = 76
	// linearUpTo is the largest ratio of two values for a linear axis.
	linearUpTo = 40
)

func (b *bars) draw(w *bytes.Buffer) int {
	xs := b.scale()
	bottom := float64(titleSpace + barHeight*len(b.results))
	text(w, "title", 0, 14, b.caption())
	for _, tick := range xs.ticks() {
		rule(w, "grid", xs.at(tick), titleSpace, xs.at(tick), bottom)
		text(w, "dim middle", xs.at(tick), bottom+18, tickLabel(tick))
	}
	for i, r := range b.results {
		y := float64(titleSpace + barHeight*i)
		middle := y + barHeight/2
		label := r.Name
		if r.Clients > 0 {
			label = fmt.Sprintf("%s, clients: %d", r.Name, r.Clients)
		}
		text(w, "end", labelWidth-10, middle+4, label)
		fmt.Fprintf(w, "    <rect class=\"bar s0\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" rx=\"2\"/>\n",
			xs.from, y+4, max(xs.at(r.Median)-xs.from, 1), barHeight-8)
		rule(w, "whisker", xs.at(r.Min), middle, xs.at(r.Max), middle)
		text(w, "", max(xs.at(r.Max), xs.at(r.Median))+8, middle+4, formatValue(r.Median))
	}
	return int(bottom) + 24
}

func (b *bars) scale() scale {
	s := scale{low: math.Inf(1), from: labelWidth, to: plotWidth - 2*margin - valueWidth}
	for _, r := range b.results {
		s.low, s.high = min(s.low, r.Min), max(s.high, r.Max)
	}
	if s.linear = s.high <= linearUpTo*s.low; s.linear {
		s.low = 0
	} else {
		s.low = math.Pow(10, math.Floor(math.Log10(s.low/1.5)))
	}
	return s
}
