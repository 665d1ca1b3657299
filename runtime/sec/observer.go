package sec

import (
	"context"
	"log/slog"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/sec/internal/delivery"
)

// Observer receives what happens to the sagas of a coordinator, for logs,
// metrics and traces. A single goroutine, which runs no sagas, calls Observe,
// one call after the other. So an observer can't slow sagas down. If it is too
// slow, observations are dropped, and it receives their number in an
// ObservedDrop. If it panics, the panic is logged.
type Observer interface {
	Observe(Observation)
}

// Observation is something that has happened to a saga, or to the observations.
// Fields that don't apply to its Kind are zero.
type Observation struct {
	Kind ObservationKind
	// At is the time, by the coordinator's clock.
	At   time.Time
	ID   saga.ID
	Name saga.Name

	// Event is the event that became durable, for an ObservedEvent. Its Payload
	// must not be changed.
	Event engine.Event
	// Was and State are the saga's states before and now, for an ObservedState
	// and an ObservedRecovery. State is also the state of a saga that is
	// parked.
	Was, State saga.State
	// Events is the number of events in the log, for an ObservedRecovery. It is
	// 0 for a saga that a client has just created.
	Events int
	// Path is the path of the node, for an ObservedEvent and an
	// ObservedAttempt.
	Path saga.NodePath
	// Direction, Attempt and Took describe an ObservedAttempt. Attempts are
	// counted from 1.
	Direction saga.Direction
	Attempt   int
	Took      time.Duration
	// Err is the error of an attempt, or nil if it succeeded; or the reason for
	// which a saga is parked.
	Err error
	// Dropped is the number of observations that were dropped since the last
	// ObservedDrop.
	Dropped uint64
}

// ObservationKind says what an Observation reports.
type ObservationKind uint8

// The kinds of observations.
const (
	// ObservedEvent: an event became durable.
	ObservedEvent ObservationKind = iota
	// ObservedState: a new state of a saga became durable. Was is 0 for a new
	// saga.
	ObservedState
	// ObservedAttempt: an attempt to do or undo a node has returned.
	ObservedAttempt
	// ObservedRecovery: the coordinator has recovered a saga and resumes it.
	ObservedRecovery
	// ObservedParking: the coordinator can't run a saga. If there are leases,
	// it releases the saga soon, for another coordinator to claim.
	ObservedParking
	// ObservedDrop: observations were dropped.
	ObservedDrop
)

// SlogObserver logs observations. A saga that is stuck, parked or abandoned is
// logged at the level error; a failed attempt and dropped observations at the
// level warn; a saga that unwinds, has failed or was recovered at the level
// info; everything else at the level debug. The outputs and errors in events
// may be confidential, and are logged only if Payloads is set. The values of
// saga.Secrets are never logged.
type SlogObserver struct {
	// Logger receives the records. Default: Config.Logger, or slog.Default()
	// outside of a coordinator.
	Logger *slog.Logger
	// Payloads says that the payloads of events are logged. Default: false.
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
		attrs = append(attrs, slog.Uint64("seq", o.Event.Seq), slog.String("event", o.Event.Kind.String()),
			slog.String("node", string(o.Path)))
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
		message = "saga recovered"
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

// level returns the level at which a SlogObserver logs the observation.
func (o Observation) level() slog.Level {
	isStateOf := func(a, b saga.State) bool { return o.Kind == ObservedState && (o.State == a || o.State == b) }
	switch {
	case o.Kind == ObservedParking, isStateOf(saga.StateStuck, saga.StateAbandoned):
		return slog.LevelError
	case o.Kind == ObservedDrop, o.Kind == ObservedAttempt && o.Err != nil:
		return slog.LevelWarn
	case o.Kind == ObservedRecovery && o.Events > 0, isStateOf(saga.StateUnwinding, saga.StateFailed):
		return slog.LevelInfo
	}
	return slog.LevelDebug
}

// observations is the queue between the sagas and the observer.
type observations struct {
	*delivery.Queue[Observation]
	// logs is the logger of a SlogObserver, or nil for another observer. What
	// it wouldn't log is not queued.
	logs *slog.Logger
}

// maxObservations is the size of the queue. It has room for the observations of
// some hundred sagas that finish at once.
const maxObservations = 4096

func newObservations(observer Observer, logger *slog.Logger) *observations {
	o := &observations{}
	if s, ok := observer.(SlogObserver); ok {
		if s.Logger == nil {
			s.Logger = logger
		}
		observer, o.logs = s, s.Logger
	}
	drops := func(n uint64) Observation {
		return Observation{Kind: ObservedDrop, At: time.Now(), Dropped: n}
	}
	o.Queue = delivery.New(maxObservations, observer.Observe, drops, logger)
	return o
}

// wants reports whether the observer uses observations of that level.
func (o *observations) wants(level slog.Level) bool {
	return o.logs == nil || o.logs.Enabled(context.Background(), level)
}

// record queues an observation.
func (o *observations) record(observation Observation) {
	if o.wants(observation.level()) {
		observation.At = time.Now()
		o.Add(observation)
	}
}
