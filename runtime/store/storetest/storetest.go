// Package storetest tests that a store.Store keeps its specification, the
// documentation of package store. The test of a store calls Test:
//
//	func TestStore(t *testing.T) {
//		storetest.Test(t, func(t *testing.T) storetest.Opener {
//			database := createDatabase(t)
//			return func(t *testing.T) store.Store {
//				return openStore(t, database)
//			}
//		}, storetest.Options{})
//	}
//
// There is a subtest for each promise of the specification. A subtest that
// fails logs the sentences that the store violates. No test can show that
// changes survive a power failure: choose the settings that your database needs
// for that, and read them back when you open the store.
package storetest

import (
	"testing"

	"github.com/sagagen/sagagen/runtime/store"
)

// Opener opens a store on a database. Each call opens another store on the same
// database, as another process would; stores that were opened before stay in
// use. For a database that only one store can use, such as the memory of a
// process, it returns the same store each time. It is called in several
// goroutines, and registers a cleanup that closes the store when the test ends.
type Opener func(t *testing.T) store.Store

// Options describes the store under test. The zero value is for a store that
// supports everything.
type Options struct {
	// NoWatch is set for a store that can't watch. Test then checks that its
	// Watch returns an error that wraps errors.ErrUnsupported. Default: false.
	NoWatch bool
}

// Test tests the specification of store.Store. It calls create for each
// subtest. Each call creates an empty database, and returns an Opener for it.
func Test(t *testing.T, create func(t *testing.T) Opener, options Options) {
	watching := group{"Watch", watchPromises}
	if options.NoWatch {
		watching.promises = noWatchPromises
	}
	for _, g := range append(groups, watching) {
		t.Run(g.name, func(t *testing.T) {
			for _, p := range g.promises {
				t.Run(p.name, func(t *testing.T) { p.test(t, create) })
			}
		})
	}
}

var groups = []group{
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
	{"Database", databasePromises},
}

// group is the promises of one method or subject.
type group struct {
	name     string
	promises []promise
}

// promise is one promise of the specification. One of check, database and race
// tests it.
type promise struct {
	name   string
	quotes []string // sentences of package store's documentation
	// check tests one store.
	check func(t *testing.T, s store.Store)
	// database tests one database.
	database func(t *testing.T, open Opener)
	// race tests concurrent calls of two stores on one database, which may be
	// the same store.
	race func(t *testing.T, a, b store.Store)
}

func (p *promise) test(t *testing.T, create func(t *testing.T) Opener) {
	t.Cleanup(func() {
		if t.Failed() {
			for _, quote := range p.quotes {
				t.Logf("package store documents: %s", quote)
			}
		}
	})
	switch {
	case p.check != nil:
		p.check(t, create(t)(t))
	case p.database != nil:
		p.database(t, create(t))
	default:
		t.Run("in one store", func(t *testing.T) {
			s := create(t)(t)
			p.race(t, s, s)
		})
		t.Run("in two stores", func(t *testing.T) {
			open := create(t)
			p.race(t, open(t), open(t))
		})
	}
}
