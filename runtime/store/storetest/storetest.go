// Package storetest holds a store.Store to what its documentation says. Every store passes it, also one of your own:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) store.Store { return mystore.New() })
//	}
//
// A subtest that fails prints the sentences that the store breaks.
package storetest

import (
	"testing"

	"github.com/sagagen/sagagen/runtime/store"
)

// Opener opens a store, and closes it when the test ends.
type Opener func(t *testing.T) store.Store

// Run tests a store. Each call of open returns an empty one.
func Run(t *testing.T, open Opener) {
	for _, group := range groups {
		t.Run(group.name, func(t *testing.T) {
			for _, p := range group.promises {
				t.Run(p.name, func(t *testing.T) {
					p.quoteOnFailure(t)
					p.check(t, open(t))
				})
			}
		})
	}
}

// Durable tests what a store promises beyond that if its database outlives it and may be shared. Each
// call of create makes an empty database; each call of the Opener opens that anew, as another process would, while
// what was opened before may still be in use.
func Durable(t *testing.T, create func(t *testing.T) Opener) {
	for _, p := range durablePromises {
		t.Run(p.name, func(t *testing.T) {
			p.quoteOnFailure(t)
			p.checkDurable(t, create(t))
		})
	}
}

// promise is a test of sentences of the documentation.
type promise struct {
	name   string
	quotes []string
	// One of the two is set.
	check        func(t *testing.T, s store.Store)
	checkDurable func(t *testing.T, open Opener)
}

func (p *promise) quoteOnFailure(t *testing.T) {
	t.Cleanup(func() {
		if t.Failed() {
			for _, quote := range p.quotes {
				t.Logf("store.Store says: %s", quote)
			}
		}
	})
}

var groups = []struct {
	name     string
	promises []promise
}{
	{"Create", createPromises},
	{"DAGs", dagPromises},
	{"Append", appendPromises},
	{"Load", loadPromises},
	{"Events", eventsPromises},
	{"Logs", logsPromises},
	{"List", listPromises},
	{"Claim", claimPromises},
	{"Queue", queuePromises},
	{"Call", callPromises},
	{"Renew", renewPromises},
	{"Release", releasePromises},
	{"Delete", deletePromises},
	{"Any", anyPromises},
	{"Race", racePromises},
}
