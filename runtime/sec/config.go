package sec

import (
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
	// Observer is told of all that happens. Default: a SlogObserver with Logger.
	Observer Observer
	// Owner is how this coordinator's name on the store begins, for people to read; a random part follows. Default: the host's
	// name and the process's number.
	Owner string
	// Lease is how long other coordinators on the same store leave this one's sagas alone after it was heard of last. It renews
	// its leases every quarter of that time, and if it can't for three quarters, it gives its sagas up: so a crashed coordinator's
	// sagas are gone on with after that time and a Poll at most. Zero means that there are no leases, and that every coordinator which
	// starts on the store takes all unfinished sagas over. That is right for a store which one process uses at a
	// time. Default: 0.
	Lease time.Duration
	// Queue is the queue in which this coordinator creates sagas, and from which it takes those that nobody runs. Coordinators
	// with different actions on one store need different queues if there are no leases; with them, a coordinator leaves what it doesn't know to
	// the others of its queue. Default: the queue that has the empty name.
	Queue string
	// Poll is how often this coordinator looks for sagas that clients have created, for those whose owners are
	// gone, and for what others have ordered for its own. A store.Watcher tells it sooner. Default: 1 s.
	Poll time.Duration
	// StoreTimeout bounds each call of the store; then it is repeated. Default: 10 s.
	StoreTimeout time.Duration

	// ListTimeout is how long List waits for the store before it answers from memory. Default: 100 ms.
	ListTimeout time.Duration

	// MaxSagas is how many sagas run at once; others wait for their turn, in the order in which they were started. A
	// saga that an operator holds doesn't count. Default: no limit.
	MaxSagas int
	// MaxActions is how many do functions run at once, and how many undo functions; others wait, saga by saga in turn. See
	// also saga.Policy.Limit. Default: no limit.
	MaxActions int
	// MaxPayload is the most bytes that parameters and an output may have, as JSON. Default: 1 MiB.
	MaxPayload int
	// WarnPayload is the number of bytes above which a warning is logged. Default: 256 KiB.
	WarnPayload int
	// MaxNodes and MaxEdges are the most that a new saga may have, structural ones included. Defaults: 1,000 and 5,000.
	MaxNodes, MaxEdges int

	// Retention says which finished sagas are deleted. Default: none.
	Retention Retention
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
		c.Owner = fmt.Sprintf("%s-%d", host, os.Getpid())
	}
	setDefault(&c.Poll, time.Second)
	setDefault(&c.StoreTimeout, 10*time.Second)
	setDefault(&c.ListTimeout, 100*time.Millisecond)
	if c.Observer == nil {
		c.Observer = SlogObserver{Logger: c.Logger}
	}
	setDefault(&c.MaxPayload, 1<<20)
	setDefault(&c.WarnPayload, 256<<10)
	setDefault(&c.MaxNodes, 1_000)
	setDefault(&c.MaxEdges, 5_000)
	setDefault(&c.Retention.Every, time.Minute)
	return c
}

// minLease is the shortest lease: below it, the renewing would be most of the work.
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
	for name, value := range map[string]int64{
		"StoreTimeout": int64(c.StoreTimeout), "Lease": int64(c.Lease), "Poll": int64(c.Poll), "ListPatience": int64(c.ListTimeout), "MaxSagas": int64(c.MaxSagas), "MaxActions": int64(c.MaxActions),
		"MaxPayload": int64(c.MaxPayload), "WarnPayload": int64(c.WarnPayload), "MaxNodes": int64(c.MaxNodes), "MaxEdges": int64(c.MaxEdges),
		"Retention.MaxAge": int64(c.Retention.MaxAge), "Retention.MaxCount": int64(c.Retention.MaxCount), "Retention.Every": int64(c.Retention.Every),
	} {
		if value < 0 {
			return fmt.Errorf("sec: config: %s is negative", name)
		}
	}
	return nil
}
