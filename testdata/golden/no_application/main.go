// Command no_application has only actions that are functions, so its registry
// takes no application context.
package main

import (
	"context"
	"errors"
	"fmt"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/sec"
)

// Greeting asks for a greeting.
//
//saga:dag greeting
//saga:append hello
//saga:append goodbye
type Greeting string

//saga:do hello
func hello(ctx context.Context, greeting Greeting) (string, error) {
	return "hello " + string(greeting), nil
}

//saga:undo hello
func unsay(hello string) error {
	fmt.Println("unsaid:", hello)
	return nil
}

//saga:do goodbye noundo
func goodbye(action saga.ActionContext, hello string) (string, error) {
	return "", fmt.Errorf("%s has no words after %q", action.Node(), hello)
}

func main() {
	registry := saga.NewRegistry()
	RegisterActions(registry)
	fmt.Println(registry.Names())

	coordinator, err := sec.New(sec.Config{Registry: registry})
	if err != nil {
		panic(err)
	}
	if err := coordinator.Start(); err != nil {
		panic(err)
	}
	run, err := StartGreeting(context.Background(), coordinator, "world")
	if err != nil {
		panic(err)
	}
	_, err = run.Wait(context.Background())
	var failed *saga.FailedError
	fmt.Println(errors.As(err, &failed), failed.Failures[0])
}
