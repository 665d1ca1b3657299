// Command unexported has a saga whose parameter type is unexported, so the
// declarations generated for it are unexported too.
package main

import (
	"context"
	"fmt"

	"github.com/sagagen/sagagen/runtime/sec"
)

// cleanup asks for a cleanup.
//
//saga:dag cleanup
//saga:append sweep
type cleanup struct{ Rooms int }

type dust struct{ Grams int }

//saga:do sweep noundo
func sweep(c cleanup) (dust, error) { return dust{Grams: 12 * c.Rooms}, nil }

func main() {
	coordinator, err := sec.New(sec.Config{Registry: NewRegistry()})
	if err != nil {
		panic(err)
	}
	if err := coordinator.Start(); err != nil {
		panic(err)
	}
	run, err := startCleanup(context.Background(), coordinator, cleanup{Rooms: 5})
	if err != nil {
		panic(err)
	}
	var result cleanupResult
	if result, err = run.Wait(context.Background()); err != nil {
		panic(err)
	}
	fmt.Println(result.Sweep())
	_, err = findCleanup(context.Background(), coordinator, run.ID())
	fmt.Println(err)
}
