// Command methods_and_functions has actions that are methods, with and without
// pointer receivers, and functions that take the application context as a
// parameter.
package main

import (
	"context"
	"fmt"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/sec"
)

// Shop is the application context.
type Shop struct{ stock map[string]int }

// Purchase asks for something.
//
//saga:dag purchase
//saga:append price
//saga:append item
//saga:append parcel
type Purchase struct{ Item string }

// Price has a receiver that isn't a pointer.
//
//saga:do price noundo
func (s Shop) Price(purchase Purchase) (int, error) { return len(purchase.Item), nil }

//saga:do item
func (s *Shop) take(_ context.Context, purchase Purchase) (string, error) {
	s.stock[purchase.Item]--
	return purchase.Item, nil
}

//saga:undo item
func putBack(action saga.ActionContext, item string, shop *Shop, price int) error {
	shop.stock[item]++
	fmt.Println(action.Node(), "is back at", price)
	return nil
}

//saga:do parcel noundo
func pack(shop *Shop, item string) (string, error) {
	if shop.stock[item] < 0 {
		return "", fmt.Errorf("no %s left", item)
	}
	return "a parcel with " + item, nil
}

func main() {
	shop := &Shop{stock: map[string]int{"tea": 1}}
	coordinator, err := sec.New(sec.Config{Registry: NewRegistry(shop)})
	if err != nil {
		panic(err)
	}
	if err := coordinator.Start(); err != nil {
		panic(err)
	}
	for range 2 {
		run, err := StartPurchase(context.Background(), coordinator, Purchase{Item: "tea"})
		if err != nil {
			panic(err)
		}
		result, err := run.Wait(context.Background())
		fmt.Printf("%q %v %d\n", result.Parcel(), err != nil, shop.stock["tea"])
	}
}
