// Package storetest tests that a store.Store keeps its specification. The test
// of a store calls Run:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) store.Store {
//			return mystore.New()
//		})
//	}
//
// Call Durable and Watch, too, if they apply to the store. A failed subtest
// logs the sentences of package store's documentation that it tests.
package storetest

import (
	"testing"

	"github.com/sagagen/sagagen/runtime/store"
)

// Opener opens a store. It registers a cleanup that closes the store when the
// test ends.
type Opener func(t *testing.T) store.Store

// Run tests the specification of store.Store. Each call of open returns an
// empty store.
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

// Durable tests a store whose database survives it and may be shared. Call Run,
// too. Each call of create creates an empty database. Each call of the Opener
// opens another store on that database, as another process would. Stores that
// were opened before stay in use.
func Durable(t *testing.T, create func(t *testing.T) Opener) {
	for _, p := range durablePromises {
		t.Run(p.name, func(t *testing.T) {
			p.quoteOnFailure(t)
			p.checkDurable(t, create(t))
		})
	}
}

// promise is a test of one promise of the specification.
type promise struct {
	name   string
	quotes []string // sentences of package store's documentation
	// Either check or checkDurable is set.
	check        func(t *testing.T, s store.Store)
	checkDurable func(t *testing.T, open Opener)
}

func (p *promise) quoteOnFailure(t *testing.T) {
	t.Cleanup(func() {
		if t.Failed() {
			for _, quote := range p.quotes {
				t.Logf("package store documents: %s", quote)
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
	{"Notify", notifyPromises},
	{"Renew", renewPromises},
	{"Release", releasePromises},
	{"Delete", deletePromises},
	{"EveryMethod", everyMethodPromises},
	{"Concurrency", racePromises},
}
