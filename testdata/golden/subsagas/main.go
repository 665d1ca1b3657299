// Command subsagas runs one saga inside another, twice.
package main

import (
	"context"
	"fmt"

	"github.com/sagagen/sagagen/runtime/sec"
)

// Instance asks for a virtual machine and its replica.
//
//saga:dag instance
//saga:constant size value=smallServer
//saga:constant big-size value=bigServer
//saga:subsaga server dag=server-alloc params=size
//saga:subsaga replica dag=server-alloc params=big-size
//saga:append size big-size
//saga:append server
//saga:append replica
//saga:append boot
type Instance struct{ Name string }

// ServerParams asks for a server of a size.
//
//saga:dag server-alloc
//saga:append pick
//saga:append reserve
type ServerParams struct{ Size int }

var (
	smallServer = ServerParams{Size: 1}
	bigServer   = ServerParams{Size: 2}
)

//saga:do pick noundo
func pickServer(params ServerParams) (int, error) { return 100 * params.Size, nil }

//saga:do reserve
func reserveServer(params ServerParams, pick int) (string, error) {
	return fmt.Sprintf("server %d of size %d", pick, params.Size), nil
}

//saga:undo reserve
func releaseServer(reserve string) error { return nil }

//saga:do boot noundo
func bootInstance(instance Instance, server, replica string) (string, error) {
	return fmt.Sprintf("%s on %s and %s", instance.Name, server, replica), nil
}

func main() {
	coordinator, err := sec.New(sec.Config{Registry: NewRegistry()})
	if err != nil {
		panic(err)
	}
	if err := coordinator.Start(); err != nil {
		panic(err)
	}
	run, err := StartInstance(context.Background(), coordinator, Instance{Name: "db"})
	if err != nil {
		panic(err)
	}
	result, err := run.Wait(context.Background())
	if err != nil {
		panic(err)
	}
	fmt.Println(result.Boot())

	alone, err := StartServerParams(context.Background(), coordinator, ServerParams{Size: 7})
	if err != nil {
		panic(err)
	}
	server, err := alone.Wait(context.Background())
	if err != nil {
		panic(err)
	}
	fmt.Println(server.Pick(), server.Reserve())
}
