package saga_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/sec"
)

// booked is the output of the actions in these examples.
type booked struct{ Number string }

// soldOut is an error with a field, which is preserved across a restart.
type soldOut struct{ Hotel string }

func (e soldOut) Error() string { return e.Hotel + " is sold out" }

func ExampleDAGBuilder() {
	dag, err := saga.NewDAGBuilder("book-trip").
		Append(saga.ActionNode("payment", "ChargeCreditCard", "trip.payment", saga.Bind("trip", saga.FromParams))).
		AppendParallel(
			saga.ActionNode("hotel", "BookHotel", "trip.hotel"),
			saga.ActionNode("car", "BookCar", "trip.car"),
		).
		Append(saga.ActionNode("summary", "Summarize", "trip.summary")).
		Build()
	if err != nil {
		fmt.Println(err)
		return
	}
	for id := dag.Start(); id <= dag.End(); id++ {
		fmt.Println(id, dag.Label(id), "after", dag.Parents(id))
	}
	// Output:
	// 0 (start node) after []
	// 1 ChargeCreditCard after [0]
	// 2 BookHotel after [1]
	// 3 BookCar after [1]
	// 4 Summarize after [2 3]
	// 5 (end node) after [4]
}

// Node adds a node with explicit edges, which are finer than stages: the car is
// booked as soon as the flight is booked, independently of the hotel.
func ExampleDAGBuilder_Node() {
	dag := saga.NewDAGBuilder("book-trip").
		Node(saga.ActionNode("hotel", "BookHotel", "trip.hotel")).
		Node(saga.ActionNode("flight", "BookFlight", "trip.flight")).
		Node(saga.ActionNode("car", "BookCar", "trip.car"), "flight").
		Node(saga.ActionNode("summary", "Summarize", "trip.summary"), "hotel", "car").
		MustBuild()
	fmt.Println(dag.Parents(3), dag.Parents(4))
	// Output: [2] [1 3]
}

func ExampleDAGBuilder_Build_error() {
	_, err := saga.NewDAGBuilder("book-trip").
		AppendParallel(
			saga.ActionNode("hotel", "BookHotel", "trip.hotel"),
			saga.ActionNode("car", "BookCar", "trip.car", saga.Bind("hotel", "hotel")),
		).
		Append(saga.ActionNode("summary", "Summarize", "trip.summary")).
		Build()
	fmt.Println(err)
	fmt.Println(errors.Is(err, saga.ErrNotAncestor))
	// Output:
	// saga "book-trip": node "car": no ancestor has that name: "hotel", from which its input "hotel" comes
	// true
}

// A subsaga is a DAG that runs as a node of another DAG. Its parameters are the
// output of an ancestor.
func ExampleSubsagaNode() {
	alloc := saga.NewDAGBuilder("server-alloc").
		Append(saga.ActionNode("server_id", "ServerPick", "provision.server_pick")).
		MustBuild()
	dag := saga.NewDAGBuilder("provision").
		Append(saga.ConstantNode("size", map[string]int{"cpus": 4})).
		Append(saga.SubsagaNode("server", alloc, "size")).
		MustBuild()
	for id := dag.Start(); id <= dag.End(); id++ {
		fmt.Println(strings.TrimSpace(fmt.Sprintf("%-14s %s", dag.Kind(id), dag.Path(id))))
	}
	// Output:
	// start
	// constant       size
	// subsaga_start
	// action         server/server_id
	// subsaga_end    server
	// end
}

// NewAction makes an action from functions whose inputs are the fields of a
// struct. The runtime sets the fields to the outputs of the nodes to which the
// inputs are bound.
func ExampleNewAction() {
	type inputs struct {
		Hotel string `saga:"hotel"`
	}
	action := saga.NewAction(saga.ActionSpec[inputs, booked]{
		Name: "trip.hotel",
		Do: func(ctx saga.ActionContext, in inputs) (booked, error) {
			return booked{Number: in.Hotel + "-1"}, nil
		},
		DoPolicy: saga.Policy{MaxAttempts: 3},
		Undo: func(ctx saga.ActionContext, in inputs, out booked) error {
			fmt.Println("canceled", out.Number)
			return nil
		},
	})
	dag := saga.NewDAGBuilder("book-hotel").
		Append(saga.ActionNode("booking", "BookHotel", action.Name(), saga.Bind("hotel", saga.FromParams))).
		MustBuild()

	outputs, err := runSaga(dag, "Ritz", action)
	fmt.Println(string(outputs.Saga()), err)
	// Output: {"Number":"Ritz-1"} <nil>
}

// NewActionFunc makes an action from functions that read their inputs with
// Params and Lookup.
func ExampleNewActionFunc() {
	hotel := saga.NewActionFunc("trip.hotel", func(ctx saga.ActionContext) (booked, error) {
		name, err := saga.Params[string](ctx)
		return booked{Number: name + "-1"}, err
	}, func(ctx saga.ActionContext) error {
		own, err := saga.Lookup[booked](ctx, "hotel")
		fmt.Println("canceled", own.Number)
		return err
	})
	payment := saga.NewActionFunc("trip.payment", func(ctx saga.ActionContext) (booked, error) {
		return booked{}, errors.New("card declined")
	}, nil)
	dag := saga.NewDAGBuilder("book-hotel").
		Append(saga.ActionNode("hotel", "BookHotel", "trip.hotel")).
		Append(saga.ActionNode("payment", "ChargeCreditCard", "trip.payment")).
		MustBuild()

	_, err := runSaga(dag, "Ritz", hotel, payment)
	var failed *saga.FailedError
	if errors.As(err, &failed) {
		fmt.Println(failed.State, failed.Failures[0])
	}
	// Output:
	// canceled Ritz-1
	// failed node "payment" failed: card declined
}

func ExampleLookup() {
	hotel := saga.NewActionFunc("trip.hotel", func(ctx saga.ActionContext) (booked, error) {
		return booked{Number: "h-1"}, nil
	}, nil)
	summary := saga.NewActionFunc("trip.summary", func(ctx saga.ActionContext) (string, error) {
		_, err := saga.Lookup[booked](ctx, "flight")
		fmt.Println(err)
		hotel, err := saga.Lookup[booked](ctx, "hotel")
		return "booked " + hotel.Number, err
	}, nil)
	dag := saga.NewDAGBuilder("book-trip").
		Append(saga.ActionNode("hotel", "BookHotel", "trip.hotel")).
		Append(saga.ActionNode("summary", "Summarize", "trip.summary")).
		MustBuild()

	outputs, err := runSaga(dag, nil, hotel, summary)
	fmt.Println(string(outputs.Saga()), err)
	// Output:
	// saga "book-trip": node "summary": no ancestor has that name: "flight"
	// "booked h-1" <nil>
}

// bookHotelResult is like the type that sagagen generates for a saga. sagagen
// also generates functions that call Start and Find.
type bookHotelResult struct {
	nodes struct {
		Hotel booked `saga:"hotel"`
	}
}

func (r *bookHotelResult) DecodeOutputs(outputs saga.Outputs) error { return outputs.Decode(&r.nodes) }

func ExampleStart() {
	ctx := context.Background()
	registry := saga.NewRegistry()
	registry.Register(nil, saga.NewActionFunc("trip.hotel", func(ctx saga.ActionContext) (booked, error) {
		return booked{Number: "h-1"}, nil
	}, nil))
	coordinator, err := sec.New(sec.Config{Registry: registry})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := coordinator.Start(); err != nil {
		fmt.Println(err)
		return
	}
	defer coordinator.Stop(ctx)

	dag := saga.NewDAGBuilder("book-hotel").Append(saga.ActionNode("hotel", "BookHotel", "trip.hotel")).MustBuild()
	run, err := saga.Start[bookHotelResult](ctx, coordinator, dag, nil, saga.WithIdempotencyKey("order-1"))
	if err != nil {
		fmt.Println(err)
		return
	}
	result, err := run.Wait(ctx)
	fmt.Println(result.nodes.Hotel.Number, err)

	again, err := saga.Find[bookHotelResult](ctx, coordinator, "book-hotel", saga.KeyID("book-hotel", "order-1"))
	fmt.Println(again.ID() == run.ID(), err)
	// Output:
	// h-1 <nil>
	// true <nil>
}

// The application context contains the dependencies of actions, such as clients
// or a database. It is passed to Register.
func ExampleApp() {
	type clients struct{ hotels string }
	registry := saga.NewRegistry()
	registry.Register(&clients{hotels: "https://hotels.example"},
		saga.NewActionFunc("trip.hotel", func(ctx saga.ActionContext) (booked, error) {
			app, err := saga.App[*clients](ctx)
			if err != nil {
				return booked{}, err
			}
			return booked{Number: "h-1 of " + app.hotels}, nil
		}, nil))

	dag := saga.NewDAGBuilder("book-hotel").Append(saga.ActionNode("hotel", "BookHotel", "trip.hotel")).MustBuild()
	outputs, err := runRegistry(dag, nil, registry)
	fmt.Println(string(outputs.Saga()), err)
	// Output: {"Number":"h-1 of https://hotels.example"} <nil>
}

func ExampleRegistry_Check() {
	dag := saga.NewDAGBuilder("book-hotel").Append(saga.ActionNode("hotel", "BookHotel", "trip.hotel")).MustBuild()
	fmt.Println(saga.NewRegistry().Check(dag))
	// Output: saga "book-hotel": node "hotel": unknown action: "trip.hotel"; register it before the coordinator starts
}

// The key is the same in every attempt. A service that gets it can recognize a
// repeated request.
func ExampleActionContext_IdempotencyKey() {
	hotel := saga.NewActionFunc("trip.hotel", func(ctx saga.ActionContext) (string, error) {
		return ctx.IdempotencyKey(), nil
	}, nil)
	dag := saga.NewDAGBuilder("book-hotel").Append(saga.ActionNode("hotel", "BookHotel", "trip.hotel")).MustBuild()
	outputs, err := runSaga(dag, nil, hotel)
	fmt.Println(string(outputs.Saga()), err)
	// Output: "0192f0c1-2a3b-7c4d-8e5f-60718293a4b5/hotel/do" <nil>
}

// errors.As finds the error of an action in the error of the saga, also after a
// restart.
func ExampleFailedError() {
	hotel := saga.NewActionFunc("trip.hotel", func(ctx saga.ActionContext) (booked, error) {
		return booked{}, soldOut{Hotel: "Ritz"}
	}, nil)
	dag := saga.NewDAGBuilder("book-hotel").
		Append(saga.ActionNode("hotel", "BookHotel", "trip.hotel")).
		MustBuild()

	_, err := runSaga(dag, nil, hotel)
	var failed *saga.FailedError
	if errors.As(err, &failed) {
		fmt.Println(failed.State, failed.Failures[0])
	}
	var full soldOut
	if errors.As(err, &full) {
		fmt.Println("try another hotel than", full.Hotel)
	}
	// Output:
	// failed node "hotel" failed: Ritz is sold out
	// try another hotel than Ritz
}

func ExampleOutputOf() {
	hotel := saga.NewActionFunc("trip.hotel", func(ctx saga.ActionContext) (booked, error) {
		return booked{Number: "h-1"}, nil
	}, nil)
	dag := saga.NewDAGBuilder("book-hotel").Append(saga.ActionNode("hotel", "BookHotel", "trip.hotel")).MustBuild()

	outputs, err := runSaga(dag, nil, hotel)
	if err != nil {
		fmt.Println(err)
		return
	}
	booking, err := saga.OutputOf[booked](outputs, "hotel")
	fmt.Println(booking.Number, err)
	// Output: h-1 <nil>
}

// The ID of the saga is derived from the caller's key, so a saga that is
// started twice runs once.
func ExampleWithIdempotencyKey() {
	fmt.Println(saga.KeyID("book-trip", "order-1"))
	fmt.Println(saga.KeyID("book-trip", "order-2"))
	// Output:
	// 14abe2b8-b2f8-5dde-82a6-0c7eb719df21
	// 45ee5ca1-ccf1-5325-8ff6-9918bcdf4b36
}

func ExampleIndeterminate() {
	noAnswer := saga.Indeterminate(errors.New("the bank doesn't answer"))
	fmt.Println(noAnswer, saga.IsIndeterminate(noAnswer))
	// Output: the bank doesn't answer true
}

func ExamplePermanent() {
	declined := fmt.Errorf("charge: %w", saga.Permanent(errors.New("card declined")))
	fmt.Println(declined, saga.IsPermanent(declined))
	// Output: charge: card declined true
}

// The JSON of a SagaDAG is its stored form.
func ExampleSagaDAG() {
	dag := saga.NewDAGBuilder("book-hotel").Append(saga.ActionNode("hotel", "BookHotel", "trip.hotel")).MustBuild()
	withParams, err := saga.NewSagaDAG(dag, map[string]string{"hotel": "Ritz"})
	if err != nil {
		fmt.Println(err)
		return
	}
	text, err := json.MarshalIndent(withParams, "", "  ")
	fmt.Println(string(text), err)
	// Output:
	// {
	//   "version": 1,
	//   "name": "book-hotel",
	//   "params": {
	//     "hotel": "Ritz"
	//   },
	//   "nodes": [
	//     {
	//       "kind": "start"
	//     },
	//     {
	//       "kind": "action",
	//       "name": "hotel",
	//       "label": "BookHotel",
	//       "action": "trip.hotel",
	//       "after": [
	//         0
	//       ]
	//     },
	//     {
	//       "kind": "end",
	//       "after": [
	//         1
	//       ]
	//     }
	//   ]
	// } <nil>
}

func ExampleDAG_Find() {
	alloc := saga.NewDAGBuilder("server-alloc").Append(saga.ActionNode("server_id", "ServerPick", "pick")).MustBuild()
	dag := saga.NewDAGBuilder("provision").Append(saga.SubsagaNode("server", alloc, saga.FromParams)).MustBuild()
	id, err := dag.Find("server_id")
	fmt.Println(dag.Path(id), err)
	_, err = dag.Find("disk")
	fmt.Println(err)
	// Output:
	// server/server_id <nil>
	// saga "provision": no such node: "disk"; there are "server/server_id" and "server"
}

// runSaga runs one saga with these actions and a store in memory.
func runSaga(dag *saga.DAG, params any, actions ...saga.Action) (saga.Outputs, error) {
	registry := saga.NewRegistry()
	registry.Register(nil, actions...)
	return runRegistry(dag, params, registry)
}

func runRegistry(dag *saga.DAG, params any, registry *saga.Registry) (saga.Outputs, error) {
	ctx := context.Background()
	coordinator, err := sec.New(sec.Config{Registry: registry, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return saga.Outputs{}, err
	}
	if err := coordinator.Start(); err != nil {
		return saga.Outputs{}, err
	}
	defer coordinator.Stop(ctx)

	withParams, err := saga.NewSagaDAG(dag, params)
	if err != nil {
		return saga.Outputs{}, err
	}
	id, err := saga.ParseID("0192f0c1-2a3b-7c4d-8e5f-60718293a4b5")
	if err != nil {
		return saga.Outputs{}, err
	}
	if err := coordinator.CreateAndStart(ctx, id, withParams); err != nil {
		return saga.Outputs{}, err
	}
	return coordinator.Wait(ctx, id)
}
