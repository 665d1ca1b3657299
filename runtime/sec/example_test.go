package sec_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/sec"
)

// This example builds a saga at run time. In programs that use the generator,
// generated functions replace most of this code.
func Example() {
	registry := saga.NewRegistry()
	registry.Register(nil,
		saga.NewActionFunc("greet.write",
			func(ctx saga.ActionContext) (string, error) {
				name, err := saga.Params[string](ctx)
				return "Hello, " + name, err
			},
			func(saga.ActionContext) error { fmt.Println("letter burnt"); return nil }),
		saga.NewActionFunc("greet.post",
			func(ctx saga.ActionContext) (string, error) {
				letter, err := saga.Lookup[string](ctx, "letter")
				if err != nil {
					return "", err
				}
				if letter == "Hello, Nobody" {
					return "", errors.New("no such address")
				}
				return letter + ", by post", nil
			}, nil),
	)
	dag := saga.NewDAGBuilder("greeting").
		Append(saga.ActionNode("letter", "Write", "greet.write")).
		Append(saga.ActionNode("receipt", "Post", "greet.post")).
		MustBuild()

	coordinator, err := sec.New(sec.Config{Registry: registry, Logger: slog.New(slog.DiscardHandler)}) // in memory
	if err != nil {
		panic(err)
	}
	if err := coordinator.Start(); err != nil {
		panic(err)
	}
	ctx := context.Background()
	for _, name := range []string{"World", "Nobody"} {
		withParams, err := saga.NewSagaDAG(dag, name)
		if err != nil {
			panic(err)
		}
		id := saga.NewID()
		if err := coordinator.CreateAndStart(ctx, id, withParams); err != nil {
			panic(err)
		}
		outputs, err := coordinator.Wait(ctx, id)
		var failed *saga.FailedError
		switch {
		case errors.As(err, &failed):
			fmt.Println(failed.State, failed.Failures[0])
		case err != nil:
			panic(err)
		default:
			fmt.Println(string(outputs.Saga()))
		}
	}
	if err := coordinator.Stop(ctx); err != nil {
		panic(err)
	}
	// Output:
	// "Hello, World, by post"
	// letter burnt
	// failed node "receipt" failed: no such address
}
