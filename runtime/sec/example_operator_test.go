package sec_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/sec"
	"github.com/sagagen/sagagen/runtime/store"
)

// parcels returns a registry and a saga that sends a parcel and writes an
// invoice. The invoice fails, and the parcel can't be called back until the
// ferry is in.
func parcels(ferryIsIn *bool) (*saga.Registry, *saga.DAG) {
	registry := saga.NewRegistry()
	registry.Register(nil,
		saga.NewActionFunc("ship",
			func(saga.ActionContext) (string, error) { return "parcel 7", nil },
			func(saga.ActionContext) error {
				if !*ferryIsIn {
					return saga.Permanent(errors.New("the ferry has left"))
				}
				return nil
			}),
		saga.NewActionFunc("invoice",
			func(saga.ActionContext) (string, error) { return "", errors.New("no such customer") }, nil))
	dag := saga.NewDAGBuilder("order").
		Append(saga.ActionNode("ship", "Ship", "ship")).
		Append(saga.ActionNode("invoice", "Write the invoice", "invoice")).
		MustBuild()
	return registry, dag
}

// An operator finds the stuck sagas, finds out why they are stuck, and resolves
// them with a command. A Client does that from any process.
func ExampleClient_Apply() {
	ctx, ferryIsIn := context.Background(), false
	registry, dag := parcels(&ferryIsIn)
	database := store.NewMemory()
	coordinator, err := sec.New(sec.Config{
		Store: database, Registry: registry, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		panic(err)
	}
	if err := coordinator.Start(); err != nil {
		panic(err)
	}
	defer coordinator.Stop(ctx)
	order, err := saga.NewSagaDAG(dag, nil)
	if err != nil {
		panic(err)
	}
	id := saga.NewID()
	if err := coordinator.CreateAndStart(ctx, id, order); err != nil {
		panic(err)
	}
	_, _ = coordinator.Wait(ctx, id)

	var operator saga.Operator
	operator, err = sec.NewClient(sec.ClientConfig{Store: database})
	if err != nil {
		panic(err)
	}
	stuck, err := operator.List(ctx, saga.Query{States: []saga.State{saga.StateStuck}})
	if err != nil {
		panic(err)
	}
	for _, record := range stuck {
		status, err := operator.Status(ctx, record.ID)
		if err != nil {
			panic(err)
		}
		for _, node := range status.Nodes {
			if node.State == engine.NodeUndoFailed {
				fmt.Printf("%s is stuck at %s: %v\n", record.Name, node.Path, node.Err)
			}
		}
	}

	ferryIsIn = true
	retry := saga.RetryUndo("ship", saga.Audit{By: "ann", Reason: "the ferry is in"})
	fmt.Println("applying:", retry)
	if err := operator.Apply(ctx, id, retry); err != nil {
		panic(err)
	}
	_, err = coordinator.Wait(ctx, id)
	var failed *saga.FailedError
	if errors.As(err, &failed) {
		fmt.Println("the order has", failed.State, "and everything is undone")
	}
	// Output:
	// order is stuck at ship: the ferry has left
	// applying: retry undo of "ship"
	// the order has failed and everything is undone
}

// Run works until its context ends, as when the process gets SIGTERM. Then it
// lets running actions finish.
func ExampleCoordinator_Run() {
	registry, _ := parcels(new(bool))
	coordinator, err := sec.New(sec.Config{Registry: registry, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		panic(err)
	}
	ctx, stop := context.WithCancel(context.Background()) // in a program: signal.NotifyContext
	ended := make(chan error, 1)
	go func() { ended <- coordinator.Run(ctx) }()

	// Here the program serves requests, which start sagas.

	stop()
	fmt.Println(<-ended)
	// Output: <nil>
}
