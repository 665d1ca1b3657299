package storetest_test

import (
	"testing"

	"github.com/sagagen/sagagen/runtime/store"
	"github.com/sagagen/sagagen/runtime/store/storetest"
)

func ExampleRun() {
	_ = func(t *testing.T) { // TestStore in a test file of your store
		storetest.Run(t, func(t *testing.T) store.Store { return store.NewMemory() })
	}
}

func ExampleDurable() {
	_ = func(t *testing.T) { // TestStoreIsDurable in a test file of your store
		storetest.Durable(t, func(t *testing.T) storetest.Opener {
			database := store.NewMemory() // here: create an empty database
			return func(t *testing.T) store.Store {
				return database // here: open that database
			}
		})
	}
}

func ExampleWatch() {
	_ = func(t *testing.T) { // TestStoreWatches, if your store has the method Watch
		storetest.Watch(t, func(t *testing.T) storetest.Opener {
			database := store.NewMemory() // here: create an empty database
			return func(t *testing.T) store.Store {
				return database // here: open that database
			}
		})
	}
}
