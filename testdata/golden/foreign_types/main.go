// Command foreign_types has inputs and outputs of types that are declared in
// other packages or have no name.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/sagagen/sagagen/runtime/sec"
	"github.com/sagagen/sagagen/testdata/golden/foreign_types/geo"
)

// Walk asks for a walk, which may be followed by another.
//
//saga:dag walk
//saga:append departure start lengths names extra note
//saga:append end
//saga:append plan
type Walk struct {
	Steps int
	Then  *Walk `json:",omitempty"`
}

//saga:do departure noundo
func departure() (time.Time, error) { return time.Date(2026, 5, 1, 8, 30, 0, 0, time.UTC), nil }

//saga:do start noundo
func start(walk Walk) (geo.Point, error) { return geo.Point{X: walk.Steps}, nil }

//saga:do lengths noundo
func lengths(walk Walk) ([]time.Duration, error) {
	return []time.Duration{time.Minute, time.Duration(walk.Then.Steps) * time.Second}, nil
}

//saga:do names noundo
func names() (map[string]geo.Point, error) {
	return map[string]geo.Point{"home": {X: 1, Y: 2}}, nil
}

//saga:do extra noundo
func extra() (any, error) { return []string{"map", "hat"}, nil }

//saga:do note noundo
func note() (json.RawMessage, error) { return json.RawMessage(`{"rain":false}`), nil }

//saga:do end noundo
func end(start geo.Point, names map[string]geo.Point) (*geo.Point, error) {
	return &geo.Point{X: start.X + names["home"].X, Note: "arrived"}, nil
}

//saga:do plan noundo
func plan(departure time.Time, lengths []time.Duration, extra any, note json.RawMessage,
	end *geo.Point) (struct {
	At   time.Time
	Text string `json:"text"`
}, error) {
	return struct {
		At   time.Time
		Text string `json:"text"`
	}{departure.Add(lengths[1]), fmt.Sprint(extra, string(note), *end)}, nil
}

func main() {
	coordinator, err := sec.New(sec.Config{Registry: NewRegistry()})
	if err != nil {
		panic(err)
	}
	if err := coordinator.Start(); err != nil {
		panic(err)
	}
	run, err := StartWalk(context.Background(), coordinator, Walk{Steps: 3, Then: &Walk{Steps: 4}})
	if err != nil {
		panic(err)
	}
	result, err := run.Wait(context.Background())
	if err != nil {
		panic(err)
	}
	fmt.Println(result.Plan())
	fmt.Println(result.Departure(), result.Start(), result.Lengths(), result.Names(), result.Extra())
}
