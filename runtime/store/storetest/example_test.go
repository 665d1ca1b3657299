package storetest_test

import (
	"testing"

	"github.com/sagagen/sagagen/runtime/store"
	"github.com/sagagen/sagagen/runtime/store/storetest"
)

func ExampleTest() {
	_ = func(t *testing.T) { // TestStore in a test file of your store
		storetest.Test(t, func(t *testing.T) storetest.Opener {
			database := store.NewMemory() // here: create an empty database
			return func(t *testing.T) store.Store {
				return database // here: open that database
			}
		}, storetest.Options{})
	}
}
