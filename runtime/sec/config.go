package sec

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

// Config configures a Coordinator. Its zero value works.
type Config struct {
	// Store keeps the sagas. Default: a new memory store, which forgets them with the process.
	Store store.Store
	// Registry has the actions. It must not change any more. Default: an empty one.
	Registry *saga.Registry
	// Logger is told of what goes wrong, and is what actions log to. Default: slog.Default().
	Logger *slog.Logger
	// Owner names this coordinator among all on the same store. No two that run may share it. Default: a name made of the host's,
	// the process's and a random part.
	Owner string
	// StoreTimeout bounds each call of the store; then it is repeated. Default: 10 s.
	StoreTimeout time.Duration
}

func (c Config) withDefaults() Config {
	if c.Store == nil {
		c.Store = store.NewMemory()
	}
	if c.Registry == nil {
		c.Registry = saga.NewRegistry()
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Owner == "" {
		host, _ := os.Hostname() // without one the name is still unique
		c.Owner = fmt.Sprintf("%s-%d-%s", host, os.Getpid(), rand.Text()[:8])
	}
	if c.StoreTimeout == 0 {
		c.StoreTimeout = 10 * time.Second
	}
	return c
}

func (c Config) validate() error {
	if c.StoreTimeout < 0 {
		return fmt.Errorf("sec: config: StoreTimeout is %v, want more than 0", c.StoreTimeout)
	}
	return nil
}
