package sec

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/internal/fold"
	"github.com/sagagen/sagagen/runtime/store"
)

// The reasons for which a coordinator gives a saga up.
var (
	errClaimed      = errors.New("another coordinator has claimed it")
	errForeign      = errors.New("its log has events that this coordinator didn't append")
	errLeaseExpired = errors.New("its lease could not be renewed in time")
)

// flush makes the pending events and the state durable. It retries until they
// are, until another coordinator turns out to own the saga, or until the lease
// session ends. If another process has appended to the log meanwhile, the error
// is a foreignAppend.
func (s *execution) flush() error {
	request := s.pendingAppend()
	if len(request.Events) == 0 && request.State == s.storedState && !s.notified {
		return nil
	}
	c := s.coordinator
	return c.retryCall(s.session, s.id, func() error {
		if !s.acquire(c.appendLimit, nil) {
			return s.lifetime.Err()
		}
		defer c.appendLimit.Release()
		return c.client.withStore(s.session, func(ctx context.Context, st store.Store) error {
			return s.append(ctx, st, request)
		})
	})
}

// append makes one attempt to append to the log.
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

// foreignAppend is the error of an append conflict with someone who isn't the
// owner, such as an operator in another process. It holds what they have
// recorded.
type foreignAppend struct {
	record saga.Record
	// commands follow the events that the owner knows to be durable. There are
	// none if the saga was only started.
	commands []engine.Event
}

func (f foreignAppend) Error() string {
	return fmt.Sprintf("append conflict: others have recorded %d commands and the state %s",
		len(f.commands), f.record.State)
}

// resolveConflict finds out why the store refused an append although this
// coordinator owns the saga. It returns nil if an earlier attempt that seemed
// to fail has succeeded.
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
	n := len(request.Events)
	if n > 0 && len(found) >= n && slices.EqualFunc(found[:n], request.Events, fold.SameEvent) {
		return nil // the next append finds the events after these
	}
	if i := slices.IndexFunc(found, isNodeEvent); i >= 0 {
		e := found[i]
		return permanentError{fmt.Errorf("%w: event %d is %s of node %d", errForeign, e.Seq, e.Kind, e.Node)}
	}
	if have := request.Seq + uint64(len(found)); have < record.NextSeq || record.NextSeq < request.Seq {
		return permanentError{fmt.Errorf("%w: it has %d events and should have %d", errForeign, have, record.NextSeq)}
	}
	return permanentError{foreignAppend{record, found}}
}

// isNodeEvent reports whether an event is one of a node, and not a command.
func isNodeEvent(e engine.Event) bool { return !e.Kind.IsCommand() }

// rebase puts the commands of others before the pending events. The outcomes of
// tasks are kept, tasks in flight continue, and the machine decides again which
// tasks to start.
func (s *execution) rebase(foreign foreignAppend) error {
	old, events := s.Machine, slices.Concat(s.events, foreign.commands)
	if err := s.Replay(events); err != nil {
		return fmt.Errorf("%w: %w", errForeign, err)
	}
	s.observeEvents(foreign.commands)
	outcomes, requests := slices.Clone(s.pending), s.unanswered
	s.events, s.pending, s.unanswered = events, s.pending[:0], nil
	s.storedState, s.Started = foreign.record.State, s.Started || foreign.record.State != saga.StateCreated
	s.notified = true // until the next append
	for _, e := range outcomes {
		if isOutcome(e.Kind) && !s.Machine.State().Final() {
			s.apply(e.Node, e.Kind, e.Payload)
		}
	}
	for _, w := range s.runnable {
		old.Requeue(w.task.Task)
	}
	s.Machine.CopyInFlight(old)
	s.runnable = s.runnable[:0]
	for _, r := range requests {
		s.applyRequest(r)
	}
	return nil
}

// isOutcome reports whether events of a kind are outcomes of tasks.
func isOutcome(k engine.EventKind) bool {
	return !k.IsCommand() && k != engine.EventStarted && k != engine.EventUndoStarted
}

// permanentError marks an error after which retry doesn't try again.
type permanentError struct{ error }

func (p permanentError) Unwrap() error { return p.error }

// stopReason returns the error of a retry that was given up because a lease
// session or the coordinator's lifetime has ended.
func stopReason(lifetime context.Context) error {
	if lifetime.Err() != nil {
		return saga.ErrStopped
	}
	return errLeaseExpired
}

// maxConcurrentAppends limits the appends that wait for the store at a time. It
// is several times the number that a store commits together. It is also small
// enough for each append to finish within Config.StoreTimeout. Without a limit,
// when a hundred thousand sagas are taken over at once, the last appends would
// time out behind the first ones, and would be repeated again and again.
const maxConcurrentAppends = 1024

// retry calls the store until the call returns nil or a permanentError, or
// until lifetime ends, which is the coordinator's or that of a lease session.
// Each call is bounded by Config.StoreTimeout.
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
		c.config.Logger.Warn("store call failed; retrying", "saga", id, "error", err)
		timer := time.NewTimer(min(firstStorePause<<min(try, 10), maxStorePause))
		select {
		case <-timer.C:
		case <-lifetime.Done():
			timer.Stop()
			return stopReason(c.lifetime)
		}
	}
}

// The pause before a failed call of the store is repeated. It starts with
// firstStorePause and doubles up to maxStorePause.
const (
	firstStorePause = 20 * time.Millisecond
	maxStorePause   = 2 * time.Second
)
