package sec

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync/atomic"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
)

// Observer is told what happens to the sagas of a coordinator, for logs, metrics and traces. Observe is called by one
// goroutine, one observation after the other, apart from the sagas: it can't slow or stop them. If it's too slow,
// observations are dropped, and it is told how many. If it panics, that is logged.
type Observer interface {
	Observe(Observation)
}

// Observation is something that has happened.
type Observation struct {
	Kind ObservationKind
	// At is when, by the coordinator's clock.
	At   time.Time
	ID   saga.ID
	Name saga.Name

	// Event is, for an ObservedEvent, what has become durable. Its Payload must not be changed.
	Event saga.Event
	// Was and State are, for an ObservedState and an ObservedRecovery, the saga's state before and now.
	Was, State saga.State
	// Events is, for an ObservedRecovery, the number of events that the coordinator has found: none in a saga that a client has just created.
	Events int
	// Path is, for an ObservedEvent and an ObservedAttempt, the node's.
	Path saga.NodePath
	// Direction, Attempt and Took tell of an ObservedAttempt: which it was, counted from 1, and how long it took.
	Direction saga.Direction
	Attempt   int
	Took      time.Duration
	// Err is why an attempt has failed, and nil if it succeeded; or why a saga is parked.
	Err error
	// Dropped is, for an ObservedDrop, how many observations were dropped since the last one.
	Dropped uint64
}

// ObservationKind says what an Observation tells.
type ObservationKind uint8

// The kinds of observations.
const (
	// ObservedEvent: an event has become durable.
	ObservedEvent ObservationKind = iota
	// ObservedState: the saga is in another state, durably. A new one was in the state 0.
	ObservedState
	// ObservedAttempt: an attempt to do or undo a node has ended.
	ObservedAttempt
	// ObservedRecovery: the coordinator has taken the saga over, and goes on with it.
	ObservedRecovery
	// ObservedParking: the saga can't be gone on with by this coordinator. If there are leases, it releases the saga soon, for another one.
	ObservedParking
	// ObservedDrop: observations were dropped.
	ObservedDrop
)

// SlogObserver logs what happens: that a saga is stuck, parked or abandoned, as an error; that an attempt failed,
// as a warning; that a saga unwinds, was undone or was recovered, as information; all else for debugging. The
// outputs and errors in events, which may be secret, are logged only if Payloads is set; the values of saga.Secrets in them never are.
type SlogObserver struct {
	Logger   *slog.Logger // Default: that of the Config, or slog.Default()
	Payloads bool
}

// Observe implements Observer.
func (s SlogObserver) Observe(o Observation) {
	if s.Logger == nil {
		s.Logger = slog.Default()
	}
	level := o.level()
	if !s.Logger.Enabled(context.Background(), level) {
		return
	}
	attrs := make([]slog.Attr, 0, 8)
	if o.Kind != ObservedDrop {
		attrs = append(attrs, slog.String("saga", o.ID.String()), slog.String("name", string(o.Name)))
	}
	message := ""
	switch o.Kind {
	case ObservedEvent:
		message = "saga event"
		attrs = append(attrs, slog.Uint64("seq", o.Event.Seq), slog.String("event", o.Event.Kind.String()), slog.String("node", string(o.Path)))
		if s.Payloads && len(o.Event.Payload) > 0 {
			attrs = append(attrs, slog.String("payload", string(saga.Redact(o.Event.Payload))))
		}
	case ObservedState:
		message = "saga " + o.State.String()
	case ObservedAttempt:
		message = "saga attempt"
		attrs = append(attrs, slog.String("node", string(o.Path)), slog.String("direction", o.Direction.String()),
			slog.Int("attempt", o.Attempt), slog.Duration("took", o.Took))
	case ObservedRecovery:
		message = "saga goes on from its log"
		attrs = append(attrs, slog.String("state", o.State.String()), slog.Int("events", o.Events))
	case ObservedParking:
		message = "saga parked"
	case ObservedDrop:
		message = "observations dropped: the observer is too slow"
		attrs = append(attrs, slog.Uint64("dropped", o.Dropped))
	}
	if o.Err != nil {
		attrs = append(attrs, slog.Any("error", o.Err))
	}
	s.Logger.LogAttrs(context.Background(), level, message, attrs...)
}

func (o Observation) level() slog.Level {
	switch {
	case o.Kind == ObservedParking, o.Kind == ObservedState && (o.State == saga.StateStuck || o.State == saga.StateAbandoned):
		return slog.LevelError
	case o.Kind == ObservedDrop, o.Kind == ObservedAttempt && o.Err != nil:
		return slog.LevelWarn
	case o.Kind == ObservedRecovery && o.Events > 0, o.Kind == ObservedState && (o.State == saga.StateUnwinding || o.State == saga.StateFailed):
		return slog.LevelInfo
	}
	return slog.LevelDebug
}

// observations is the queue between the sagas and the observer.
type observations struct {
	observer Observer
	logger   *slog.Logger
	// queue has room for the observations of some hundred sagas that end at once.
	queue    chan Observation
	dropped  atomic.Uint64
	finished chan struct{} // closed when run returns
	// logs is not nil if observer is a SlogObserver: what it wouldn't log is not queued.
	logs *slog.Logger
}

func newObservations(observer Observer, logger *slog.Logger) *observations {
	if s, ok := observer.(SlogObserver); ok && s.Logger == nil {
		s.Logger = logger
		observer = s
	}
	o := &observations{
		observer: observer,
		logger:   logger,
		queue:    make(chan Observation, 4096),
		finished: make(chan struct{}),
	}
	if s, ok := observer.(SlogObserver); ok {
		o.logs = s.Logger
	}
	return o
}

// wants reports whether observations of that level are of any use.
func (o *observations) wants(level slog.Level) bool {
	return o.logs == nil || o.logs.Enabled(context.Background(), level)
}

// tell queues an observation, or drops it if the queue is full.
func (o *observations) record(observation Observation) {
	if !o.wants(observation.level()) {
		return
	}
	observation.At = time.Now()
	select {
	case o.queue <- observation:
	default:
		o.dropped.Add(1)
	}
}

// run calls the observer until the coordinator's life ends, and then for what is left.
func (o *observations) run(lifetime context.Context) {
	finished := false
	defer func() {
		if finished {
			close(o.finished)
			return
		}
		o.logger.Error("observer ended its goroutine; going on in another")
		go o.run(lifetime)
	}()
	for {
		select {
		case observation := <-o.queue:
			o.deliver(observation)
		case <-lifetime.Done():
			for {
				select {
				case observation := <-o.queue:
					o.deliver(observation)
				default:
					o.reportDropped()
					finished = true
					return
				}
			}
		}
		o.reportDropped()
	}
}

func (o *observations) reportDropped() {
	if n := o.dropped.Swap(0); n > 0 {
		o.deliver(Observation{Kind: ObservedDrop, At: time.Now(), Dropped: n})
	}
}

func (o *observations) deliver(observation Observation) {
	defer func() {
		if v := recover(); v != nil {
			o.logger.Error("observer panicked", "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
		}
	}()
	o.observer.Observe(observation)
}
