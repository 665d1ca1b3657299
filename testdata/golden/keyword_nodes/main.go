// Command keyword_nodes has nodes that are named like keywords and predeclared
// identifiers of Go.
package main

import (
	"context"
	"fmt"

	"github.com/sagagen/sagagen/runtime/sec"
)

// Request asks for words.
//
//saga:dag package
//saga:append type
//saga:append func error string
//saga:append go
type Request struct{ Word string }

//saga:do type noundo
func makeType(request Request) (string, error) { return request.Word + " type", nil }

//saga:do func noundo
func makeFunc(request Request) (int, error) { return 1, nil }

//saga:do error noundo
func makeError(request Request) (int, error) { return 2, nil }

//saga:do string noundo
func makeString(request Request) (int, error) { return 3, nil }

//saga:do go noundo
func makeGo(type_ string, func_, error_, string_ int) ([]int, error) {
	return []int{func_, error_, string_, len(type_)}, nil
}

func main() {
	coordinator, err := sec.New(sec.Config{Registry: NewRegistry()})
	if err != nil {
		panic(err)
	}
	if err := coordinator.Start(); err != nil {
		panic(err)
	}
	run, err := StartRequest(context.Background(), coordinator, Request{Word: "a"})
	if err != nil {
		panic(err)
	}
	result, err := run.Wait(context.Background())
	if err != nil {
		panic(err)
	}
	fmt.Println(result.Type(), result.Func(), result.Error(), result.String(), result.Go())
}
