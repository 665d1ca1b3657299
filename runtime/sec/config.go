package sec

import (
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

// Config configures a Coordinator. The zero value works: sagas are kept in
// memory, and there are no actions.
type Config struct {
	// Store keeps the sagas. Default: a new memory store, which forgets them
	// when the process ends.
	Store store.Store
	// Registry has the actions. It must not change after New. Default: an empty
	// registry.
	Registry *saga.Registry
	// Logger receives warnings and errors of the coordinator, and is the logger
	// of the actions. Default: slog.Default().
	Logger *slog.Logger
	// Observer receives everything that happens to the sagas. Default: a
	// SlogObserver with Logger.
	Observer Observer
	// Owner is the prefix of this coordinator's owner name in the store, for
	// people to read. A random part follows. Default: the name of the host and
	// the ID of the process.
	Owner string
	// Lease is how long other coordinators leave this coordinator's sagas alone
	// after it has last renewed its leases. It renews them every Lease/4. If it
	// can't renew them for three quarters of Lease, it gives its sagas up. So
	// the sagas of a coordinator that crashes are taken over after Lease + Poll
	// at most. The minimum is 1 s.
	//
	// With 0 there are no leases, and each coordinator takes over all
	// unfinished sagas of its queue when it starts. That is right for a store
	// that one process uses at a time. Default: 0.
	Lease time.Duration
	// Queue is the queue in which this coordinator creates sagas, and from
	// which it claims them. Without leases, coordinators with different actions
	// on one store need different queues. With leases, a coordinator leaves
	// sagas that its code doesn't fit to the other coordinators of the queue.
	// Default: "".
	Queue string
	// Poll is the time between two polls of the store, for sagas that clients
	// have created, sagas whose owners have crashed or stopped, and commands
	// that others have appended. The actual time varies between Poll/2 and
	// Poll. A store that can watch notifies the coordinator sooner. Default: 1
	// s.
	Poll time.Duration
	// StoreTimeout bounds each call of the store. A call that a running saga
	// needs is repeated after that time. Default: 10 s.
	StoreTimeout time.Duration
	// DrainTimeout is how long Run waits for running actions after its context
	// has ended. Then it cancels their contexts. Default: 20 s, because
	// orchestrators often kill a process after 30 s.
	DrainTimeout time.Duration

	// MaxSagas is how many sagas run at once. Others wait, in the order in
	// which they were started. A saga that doesn't run because of an operator
	// command, such as a paused one, doesn't count. Default: 0, no limit.
	MaxSagas int
	// MaxActions is how many do functions run at once, and also how many undo
	// functions. Others wait, and sagas take turns. See also saga.Policy.Limit.
	// Default: 0, no limit.
	MaxActions int
	// MaxPayload is the largest size of the parameters, and of each output, in
	// bytes of JSON. Above a quarter of it a warning is logged. Default: 1 MiB.
	MaxPayload int
	// MaxNodes is the largest number of nodes of a new saga, structural nodes
	// included. It can have five times as many edges. Default: 1000.
	MaxNodes int

	// Retention says which finished sagas are deleted. Default: none.
	Retention Retention
}

// Retention says which finished sagas of its queue a coordinator deletes. Sagas
// that are not finished are never deleted, stuck ones included.
type Retention struct {
	// MaxAge is how long a saga is kept after it has finished. Default: 0, for
	// ever.
	MaxAge time.Duration
	// MaxCount is how many sagas are kept, those that finished last. Default:
	// 0, any number.
	MaxCount int
	// Every is the time between two deletions. Default: 1 min.
	Every time.Duration
}

func (r Retention) enabled() bool { return r.MaxAge > 0 || r.MaxCount > 0 }

// warnPayload is the size in bytes above which a warning is logged.
func (c *Config) warnPayload() int { return c.MaxPayload / 4 }

// maxEdges is the largest number of edges of a new saga.
func (c *Config) maxEdges() int { return 5 * c.MaxNodes }

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
		host, _ := os.Hostname() // without it the owner name is still unique
		c.Owner = fmt.Sprintf("%s-%d", strings.ToValidUTF8(host, "?"), os.Getpid())
	}
	setDefault(&c.Poll, time.Second)
	setDefault(&c.StoreTimeout, 10*time.Second)
	setDefault(&c.DrainTimeout, 20*time.Second)
	if c.Observer == nil {
		c.Observer = SlogObserver{Logger: c.Logger}
	}
	setDefault(&c.MaxPayload, 1<<20)
	setDefault(&c.MaxNodes, 1_000)
	setDefault(&c.Retention.Every, time.Minute)
	return c
}

// minLease is the shortest lease. With a shorter one, renewing would be most of
// the work.
const minLease = time.Second

func setDefault[T int | time.Duration](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}

func (c Config) validate() error {
	if c.Lease > 0 && c.Lease < minLease {
		return fmt.Errorf("sec: config: Lease is %v, want at least %v, or none", c.Lease, minLease)
	}
	for _, field := range []struct{ name, value string }{{"Owner", c.Owner}, {"Queue", c.Queue}} {
		if !utf8.ValidString(field.value) || strings.ContainsRune(field.value, 0) {
			return fmt.Errorf("sec: config: %s %q is not valid UTF-8, or contains a NUL character", field.name, field.value)
		}
	}
	for _, field := range []struct {
		name  string
		value int64
	}{
		{"Lease", int64(c.Lease)},
		{"Poll", int64(c.Poll)},
		{"StoreTimeout", int64(c.StoreTimeout)},
		{"DrainTimeout", int64(c.DrainTimeout)},
		{"MaxSagas", int64(c.MaxSagas)},
		{"MaxActions", int64(c.MaxActions)},
		{"MaxPayload", int64(c.MaxPayload)},
		{"MaxNodes", int64(c.MaxNodes)},
		{"Retention.MaxAge", int64(c.Retention.MaxAge)},
		{"Retention.MaxCount", int64(c.Retention.MaxCount)},
		{"Retention.Every", int64(c.Retention.Every)},
	} {
		if field.value < 0 {
			return fmt.Errorf("sec: config: %s is negative", field.name)
		}
	}
	return nil
}
