package main

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// lines is a panel with one line per case. Both axes are logarithmic. The names
// of the cases are at the right ends of the lines.
type lines struct {
	title, across string
	series        []series
}

type series struct {
	name   string
	points []point
}

func (l *lines) caption() string { return l.title + ", by " + l.across }

func (l *lines) add(name string, p point) {
	i := slices.IndexFunc(l.series, func(s series) bool { return s.name == name })
	if i < 0 {
		i = len(l.series)
		l.series = append(l.series, series{name: name})
	}
	l.series[i].points = append(l.series[i].points, p)
}

const (
	linesHeight = 340
	axisWidth   = 64
	nameWidth   = 190
)

func (l *lines) draw(w *bytes.Buffer) int {
	xs, ys := l.scales()
	text(w, "title", 0, 14, l.title)
	for _, tick := range ys.ticks() {
		rule(w, "grid", xs.from-12, ys.at(tick), xs.to+12, ys.at(tick))
		text(w, "dim end", xs.from-18, ys.at(tick)+4, tickLabel(tick))
	}
	for _, place := range l.places() {
		text(w, "dim middle", xs.at(place), ys.from+32, tickLabel(place))
	}
	text(w, "dim middle", (xs.from+xs.to)/2, ys.from+52, l.across)
	labels := l.labels(ys)
	for i, s := range l.series {
		slices.SortFunc(s.points, func(a, b point) int { return cmp.Compare(a.x, b.x) })
		fmt.Fprintf(w, "    <g class=\"s%d\">\n", i%colors)
		var path strings.Builder
		for j, p := range s.points {
			fmt.Fprintf(&path, "%c%.1f %.1f", "ML"[min(j, 1)], xs.at(p.x), ys.at(p.median))
			rule(w, "range", xs.at(p.x), ys.at(p.min), xs.at(p.x), ys.at(p.max))
			fmt.Fprintf(w, "    <circle class=\"dot\" cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\"/>\n",
				xs.at(p.x), ys.at(p.median))
		}
		class := "line"
		if i/colors%2 == 1 {
			class += " dashed"
		}
		fmt.Fprintf(w, "    <path class=\"%s\" d=\"%s\"/>\n", class, path.String())
		last := s.points[len(s.points)-1]
		fmt.Fprintf(w, "    <path class=\"range leader\" d=\"M%.1f %.1fL%.1f %.1f\"/>\n    </g>\n",
			xs.at(last.x)+5, ys.at(last.median), xs.to+22, labels[i])
		text(w, "", xs.to+26, labels[i]+4, s.name)
	}
	return linesHeight + 60
}

// scales returns the scales of the axes. The vertical scale spans at least a
// factor of two, so that nearly equal values look equal.
func (l *lines) scales() (xs, ys scale) {
	xs = scale{low: math.Inf(1), from: axisWidth, to: plotWidth - 2*margin - nameWidth}
	ys = scale{low: math.Inf(1), from: linesHeight, to: 34}
	for _, s := range l.series {
		for _, p := range s.points {
			xs.low, xs.high = min(xs.low, p.x), max(xs.high, p.x)
			ys.low, ys.high = min(ys.low, p.min), max(ys.high, p.max)
		}
	}
	if middle := math.Sqrt(ys.low * ys.high); ys.high < 2*ys.low {
		ys.low, ys.high = middle/math.Sqrt2, middle*math.Sqrt2
	}
	ys.low, ys.high = ys.low*.9, ys.high*1.1
	return xs, ys
}

// places returns the tick values of the horizontal axis: the positions of the
// points. It skips a position that is within an eighth of an earlier one.
func (l *lines) places() []float64 {
	var places []float64
	for _, s := range l.series {
		for _, p := range s.points {
			if !slices.ContainsFunc(places, func(other float64) bool { return math.Abs(other-p.x) < other/8 }) {
				places = append(places, p.x)
			}
		}
	}
	return places
}

// labels returns the vertical positions of the names: near the ends of their
// lines, without overlaps.
func (l *lines) labels(ys scale) []float64 {
	const apart = 16
	places := make([]float64, len(l.series))
	order := make([]int, len(l.series))
	for i, s := range l.series {
		last := slices.MaxFunc(s.points, func(a, b point) int { return cmp.Compare(a.x, b.x) })
		places[i], order[i] = ys.at(last.median), i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(places[a], places[b]) })
	for i := range order[1:] {
		places[order[i+1]] = max(places[order[i+1]], places[order[i]]+apart)
	}
	if over := places[order[len(order)-1]] - ys.from; over > 0 { // move the names up that are below the axis
		places[order[len(order)-1]] -= over
		for i := len(order) - 2; i >= 0; i-- {
			places[order[i]] = min(places[order[i]], places[order[i+1]]-apart)
		}
	}
	return places
}
