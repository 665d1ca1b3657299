// Command only_actions has actions but no saga. It builds its DAG at run time.
package main

import (
	"context"
	"fmt"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/sec"
)

//saga:do word noundo
func word() (string, error) { return "go", nil }

//saga:do repeat noundo
func repeat(action saga.ActionContext, word string) (string, error) {
	return word + word + string(action.Node()), nil
}

func main() {
	dag, err := saga.NewDAGBuilder("built").
		Append(saga.ActionNode("word", "word", ActionWord)).
		Append(saga.ActionNode("first", "repeat", ActionRepeat)).
		Append(saga.ActionNode("second", "repeat", ActionRepeat, saga.Bind("word", "first"))).
		Build()
	if err != nil {
		panic(err)
	}
	coordinator, err := sec.New(sec.Config{Registry: NewRegistry()})
	if err != nil {
		panic(err)
	}
	if err := coordinator.Start(); err != nil {
		panic(err)
	}
	ctx, id := context.Background(), saga.NewID()
	withParams, err := saga.NewSagaDAG(dag, nil)
	if err != nil {
		panic(err)
	}
	if err := coordinator.CreateAndStart(ctx, id, withParams); err != nil {
		panic(err)
	}
	outputs, err := coordinator.Wait(ctx, id)
	fmt.Println(string(outputs.Saga()), err)
}
