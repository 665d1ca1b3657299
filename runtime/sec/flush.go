package sec

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/internal/executor"
	"github.com/sagagen/sagagen/runtime/store"
)

// Why a saga is not this coordinator's any more.
var (
	errClaimed      = errors.New("another coordinator has claimed it")
	errForeign      = errors.New("its log is not what this coordinator has appended")
	errLeaseExpired = errors.New("its lease could not be renewed in time")
)

// flush makes the pending events durable, and the state. It tries until they are, or until the saga turns
// out to be another's, or the coordinator's life ends. If somebody else has appended to the log meanwhile, the error is an overtaken.
func (s *execution) flush() error {
	request := s.pendingAppend()
	if len(request.Events) == 0 && request.State == s.storedState && !s.notified {
		return nil
	}
	c := s.coordinator
	return c.retryCall(s.session, s.id, func() error {
		if !c.appendLimit.acquire(s, nil) {
			return s.lifetime.Err()
		}
		defer c.appendLimit.release()
		return c.client.withStore(s.session, func(ctx context.Context, st store.Store) error { return s.append(ctx, st, request) })
	})
}

// append appends to the log what the request says, once.
func (s *execution) append(ctx context.Context, st store.Store, request store.Append) error {
	err := st.Append(ctx, request)
	if errors.Is(err, store.ErrSequence) {
		err = s.resolveConflict(ctx, st, request)
	}
	switch {
	case err == nil:
		s.committed(request.State)
	case errors.Is(err, store.ErrFenced), errors.Is(err, store.ErrNotFound):
		return permanentError{fmt.Errorf("%w: %w", errClaimed, err)}
	}
	return err
}

// overtaken says what somebody who isn't the owner has done to a saga: an operator, from another process.
type foreignAppend struct {
	record store.Record
	// orders follow what the owner knows of as durable. There are none if it was only started.
	commands []saga.Event
}

func (f foreignAppend) Error() string {
	return fmt.Sprintf("%d orders and %s were recorded by others", len(f.commands), f.record.State)
}

// resolve finds out why an append was refused although this coordinator owns the saga: if an
// earlier try, which seemed to fail, has done it, all is well.
func (s *execution) resolveConflict(ctx context.Context, st store.Store, request store.Append) error {
	record, err := st.Load(ctx, s.id)
	if err != nil {
		return err
	}
	if record.Generation != s.generation {
		return store.ErrFenced
	}
	found, err := st.Events(ctx, s.id, request.Seq, 0)
	switch {
	case errors.Is(err, store.ErrUndecodable):
		return permanentError{fmt.Errorf("%w: %w", errForeign, err)}
	case err != nil:
		return err
	}
	if n := len(request.Events); n > 0 && len(found) >= n && slices.EqualFunc(found[:n], request.Events, sameEvent) {
		return nil // what follows, if anything does, is met with the next append
	}
	if i := slices.IndexFunc(found, isNodeEvent); i >= 0 {
		return permanentError{fmt.Errorf("%w: event %d is %s of node %d", errForeign, found[i].Seq, found[i].Kind, found[i].Node)}
	}
	if have := request.Seq + uint64(len(found)); have < record.NextSeq || record.NextSeq < request.Seq {
		return permanentError{fmt.Errorf("%w: it has %d events and should have %d", errForeign, have, record.NextSeq)}
	}
	return permanentError{foreignAppend{record, found}}
}

func sameEvent(a, b saga.Event) bool {
	return a.Node == b.Node && a.Kind == b.Kind && bytes.Equal(a.Payload, b.Payload)
}

// catchUp takes in what others have done, as if it had come before what is pending: the outcomes of workers stand, what is in
// flight goes on, and what would have started is considered anew.
func (s *execution) rebase(foreign foreignAppend) error {
	events := slices.Concat(s.events, foreign.commands)
	machine, err := executor.Replay(s.dag.DAG, events)
	if err != nil {
		return fmt.Errorf("%w: %w", errForeign, err)
	}
	s.observeEvents(foreign.commands)
	old, outcomes, served := s.machine, slices.Clone(s.pending), s.unanswered
	s.events, s.machine, s.pending, s.unanswered = events, machine, s.pending[:0], nil
	s.storedState, s.started = foreign.record.State, s.started || foreign.record.State != saga.StateCreated
	s.notified = true // until the next append
	for _, e := range outcomes {
		if isOutcome(e.Kind) && !machine.State().Final() {
			s.apply(e.Node, e.Kind, e.Payload)
		}
	}
	for _, t := range s.runnable {
		old.Requeue(t.Task)
	}
	machine.CopyInFlight(old)
	s.runnable = s.runnable[:0]
	for _, r := range served {
		s.applyRequest(r)
	}
	return nil
}

// isOutcome reports whether events of a kind are what workers come to.
func isOutcome(k saga.EventKind) bool {
	return !k.IsCommand() && k != saga.EventStarted && k != saga.EventUndoStarted
}

// final marks an error after which retry doesn't try again.
type permanentError struct{ error }

func (p permanentError) Unwrap() error { return p.error }

// ended says why a retry was given up.
func stopReason(lifetime context.Context) error {
	if lifetime.Err() != nil {
		return saga.ErrShutdown
	}
	return errLeaseExpired
}

// maxAppends is how many appends are under way at a time. It is some times what a store commits together, and so few that the time that
// each is given is enough: of a hundred thousand at once, as when as many sagas are taken over, the last would be given up while they wait for
// those before, only to come again.
const maxConcurrentAppends = 1024

// retry calls the store until the call returns nil or an error that is final, or life, which is the coordinator's or a tenure,
// ends. Each try is bounded by Config.StoreTimeout.
func (c *Coordinator) retry(lifetime context.Context, id saga.ID, call func(context.Context, store.Store) error) error {
	return c.retryCall(lifetime, id, func() error { return c.client.withStore(lifetime, call) })
}

func (c *Coordinator) retryCall(lifetime context.Context, id saga.ID, call func() error) error {
	for try := 0; ; try++ {
		err := call()
		if err == nil || errors.As(err, new(permanentError)) {
			return err
		}
		if lifetime.Err() != nil {
			return stopReason(c.lifetime)
		}
		c.config.Logger.Warn("store fails; trying again", "saga", id, "error", err)
		timer := time.NewTimer(min(firstStorePause<<min(try, 10), maxStorePause))
		select {
		case <-timer.C:
		case <-lifetime.Done():
			timer.Stop()
			return stopReason(c.lifetime)
		}
	}
}

// How long to wait before a failed call of the store is repeated: this, then doubled up to that.
const (
	firstStorePause = 20 * time.Millisecond
	maxStorePause   = 2 * time.Second
)
