// Command foreign_actions has a saga that runs an action and another saga of an
// imported package.
package main

import (
	"context"
	"fmt"

	"github.com/sagagen/sagagen/runtime/sec"
	"github.com/sagagen/sagagen/testdata/golden/foreign_actions/billing"
)

// Subscription asks for a subscription. The first month and the rest of the
// year are paid separately.
//
//saga:dag subscription
//saga:append amount
//saga:append month=billing.pay
//saga:subsaga year dag=billing.payment params=amount
//saga:append year
//saga:append welcome
type Subscription struct{ Fee int }

//saga:do amount noundo
func amount(subscription Subscription) (billing.Amount, error) {
	return billing.Amount{Cents: subscription.Fee}, nil
}

//saga:do welcome noundo
func welcome(month, year billing.Receipt) (string, error) {
	if month.Number == "bill-13" {
		return "", fmt.Errorf("unlucky")
	}
	return fmt.Sprintf("welcome, you paid %s and %s", month.Number, year.Number), nil
}

func main() {
	registry := NewRegistry()
	billing.RegisterActions(registry, &billing.Client{Prefix: "bill"})
	coordinator, err := sec.New(sec.Config{Registry: registry})
	if err != nil {
		panic(err)
	}
	if err := coordinator.Start(); err != nil {
		panic(err)
	}
	for _, fee := range []int{12, 13} {
		run, err := StartSubscription(context.Background(), coordinator, Subscription{Fee: fee})
		if err != nil {
			panic(err)
		}
		result, err := run.Wait(context.Background())
		fmt.Printf("%q %v\n", result.Welcome(), err != nil)
	}
}
