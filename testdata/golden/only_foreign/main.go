// Command only_foreign has a saga but no actions. The saga runs an action of an
// imported package.
package main

import (
	"context"
	"fmt"

	"github.com/sagagen/sagagen/runtime/sec"
	"github.com/sagagen/sagagen/testdata/golden/foreign_actions/billing"
)

// Fine asks for a fine to be paid.
//
//saga:dag fine
//saga:constant amount value=fee
//saga:append amount
//saga:append paid=billing.pay
type Fine struct{}

var fee = billing.Amount{Cents: 40}

func main() {
	client := &billing.Client{Prefix: "fine"}
	coordinator, err := sec.New(sec.Config{Registry: billing.NewRegistry(client)})
	if err != nil {
		panic(err)
	}
	if err := coordinator.Start(); err != nil {
		panic(err)
	}
	run, err := StartFine(context.Background(), coordinator, Fine{})
	if err != nil {
		panic(err)
	}
	result, err := run.Wait(context.Background())
	fmt.Println(result.Paid(), err)
}
