// Command no_output has actions that take no inputs and return only an error.
package main

import (
	"context"
	"fmt"

	"github.com/sagagen/sagagen/runtime/sec"
)

// Light asks for light, for a while.
//
//saga:dag light
//saga:append on
//saga:append off
type Light struct{ Room string }

//saga:do on
func switchOn(light Light) error {
	fmt.Println("on in", light.Room)
	return nil
}

//saga:undo on
func switchOff(light Light) error {
	fmt.Println("off in", light.Room)
	return nil
}

//saga:do off
func burnOut() error { return fmt.Errorf("burnt out") }

//saga:undo off
func replaceBulb() error { return nil }

func main() {
	coordinator, err := sec.New(sec.Config{Registry: NewRegistry()})
	if err != nil {
		panic(err)
	}
	if err := coordinator.Start(); err != nil {
		panic(err)
	}
	run, err := StartLight(context.Background(), coordinator, Light{Room: "hall"})
	if err != nil {
		panic(err)
	}
	result, err := run.Wait(context.Background())
	fmt.Println(result, err != nil)
}
