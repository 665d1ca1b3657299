// Command stages runs nodes in sequence and in parallel.
package main

import (
	"context"
	"fmt"

	"github.com/sagagen/sagagen/runtime/sec"
)

// Dinner asks for a dinner for a group of guests.
//
//saga:dag dinner
//saga:append table
//saga:append soup bread wine
//saga:append bill
type Dinner struct {
	Guests int `json:"guests"`
}

// Table is a reserved table.
type Table struct{ Number int }

// Dish is one item of a dinner.
type Dish struct {
	Name  string
	Price int
}

// Bill has the price of the dinner.
type Bill struct{ Total int }

//saga:do table
func takeTable(dinner Dinner) (Table, error) { return Table{Number: dinner.Guests}, nil }

//saga:undo table
func freeTable(table Table) error { return nil }

//saga:do soup noundo
func cookSoup(dinner Dinner) (Dish, error) { return Dish{Name: "soup", Price: 5 * dinner.Guests}, nil }

//saga:do bread noundo
func bakeBread(table Table) (Dish, error) { return Dish{Name: "bread", Price: 2}, nil }

//saga:do wine noundo
func pourWine(ctx context.Context, dinner Dinner, table Table) (Dish, error) {
	return Dish{Name: "wine", Price: 20}, ctx.Err()
}

//saga:do bill noundo
func writeBill(soup, bread, wine Dish) (Bill, error) {
	return Bill{Total: soup.Price + bread.Price + wine.Price}, nil
}

func main() {
	coordinator, err := sec.New(sec.Config{Registry: NewRegistry()})
	if err != nil {
		panic(err)
	}
	if err := coordinator.Start(); err != nil {
		panic(err)
	}
	run, err := StartDinner(context.Background(), coordinator, Dinner{Guests: 4})
	if err != nil {
		panic(err)
	}
	result, err := run.Wait(context.Background())
	if err != nil {
		panic(err)
	}
	fmt.Println(result.Table(), result.Soup(), result.Bread(), result.Wine(), result.Bill())
	found, err := FindDinner(context.Background(), coordinator, run.ID())
	fmt.Println(found.ID() == run.ID(), err)
}
