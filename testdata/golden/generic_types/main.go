// Command generic_types has inputs and outputs that are instances of generic
// types.
package main

import (
	"context"
	"fmt"

	"github.com/sagagen/sagagen/runtime/sec"
)

// Page is a part of a list.
type Page[T any] struct {
	Items []T
	Next  *Page[T] `json:",omitempty"`
}

// Pair has two parts.
type Pair[A comparable, B any] struct {
	First  A
	Second B
}

// Book is an item of a list.
type Book struct{ Title string }

// Search asks for books.
//
//saga:dag search
//saga:append page
//saga:append pair
type Search struct{ Word string }

//saga:do page noundo
func find(search Search) (Page[Book], error) {
	return Page[Book]{Items: []Book{{Title: search.Word}}, Next: &Page[Book]{}}, nil
}

//saga:do pair noundo
func count(page Page[Book]) (Pair[int, Page[Book]], error) {
	return Pair[int, Page[Book]]{First: len(page.Items), Second: page}, nil
}

func main() {
	coordinator, err := sec.New(sec.Config{Registry: NewRegistry()})
	if err != nil {
		panic(err)
	}
	if err := coordinator.Start(); err != nil {
		panic(err)
	}
	run, err := StartSearch(context.Background(), coordinator, Search{Word: "go"})
	if err != nil {
		panic(err)
	}
	result, err := run.Wait(context.Background())
	if err != nil {
		panic(err)
	}
	fmt.Println(result.Pair().First, result.Page().Items)
}
