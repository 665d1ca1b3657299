package store_test

import (
	"testing"

	"github.com/sagagen/sagagen/runtime/store"
	"github.com/sagagen/sagagen/runtime/store/storetest"
)

func TestMemoryKeepsWhatAStorePromises(t *testing.T) {
	storetest.Run(t, func(*testing.T) store.Store { return store.NewMemory() })
}
