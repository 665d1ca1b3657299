// Command constants has nodes whose outputs are Go constants, variables and
// results of functions, declared in this package and in an imported one.
package main

import (
	"context"
	"fmt"

	"github.com/sagagen/sagagen/runtime/sec"
	"github.com/sagagen/sagagen/testdata/golden/constants/region"
)

// Order asks for servers.
//
//saga:dag order
//saga:constant count value=serverCount
//saga:constant limits value=defaultLimits
//saga:constant tags value=newTags
//saga:constant place value=region.Default
//saga:append count limits tags place
//saga:append servers
type Order struct{}

const serverCount = 3

// Limits are the largest sizes of a server.
type Limits struct{ CPUs, Disks int }

var defaultLimits = Limits{CPUs: 8, Disks: 2}

func newTags() []string { return []string{"new", "cheap"} }

//saga:do servers noundo
func orderServers(count int, limits Limits, tags []string, place region.Region) (string, error) {
	return fmt.Sprint(count, limits, tags, place), nil
}

func main() {
	coordinator, err := sec.New(sec.Config{Registry: NewRegistry()})
	if err != nil {
		panic(err)
	}
	if err := coordinator.Start(); err != nil {
		panic(err)
	}
	run, err := StartOrder(context.Background(), coordinator, Order{})
	if err != nil {
		panic(err)
	}
	result, err := run.Wait(context.Background())
	if err != nil {
		panic(err)
	}
	fmt.Println(result.Servers())
	fmt.Println(result.Count(), result.Limits(), result.Tags(), result.Place())
}
