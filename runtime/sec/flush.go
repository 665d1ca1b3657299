package sec

import (
	"context"
	"errors"
	"fmt"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

// Why a saga is not this coordinator's any more.
var (
	errClaimed = errors.New("another coordinator has claimed it")
	errForeign = errors.New("its log has events that this coordinator did not append")
	errTenure  = errors.New("its lease could not be renewed in time")
)

// flush makes the pending events durable, and the state. It tries until they are, or until the saga turns
// out to be another's, or the coordinator's life ends.
func (s *instance) flush() error {
	state := s.state()
	if len(s.pending) == 0 && state == s.stored {
		return nil
	}
	request := store.Append{
		ID:         s.id,
		Generation: s.generation,
		Seq:        s.machine.NextSeq() - uint64(len(s.pending)),
		Events:     s.pending,
		State:      state,
	}
	return s.coordinator.retry(s.tenure, s.id, func(ctx context.Context, st store.Store) error {
		err := st.Append(ctx, request)
		if errors.Is(err, store.ErrSequence) {
			err = s.resolve(ctx, st, request)
		}
		switch {
		case err == nil:
			s.committed(state)
		case errors.Is(err, store.ErrFenced), errors.Is(err, store.ErrNotFound):
			return final{fmt.Errorf("%w: %w", errClaimed, err)}
		}
		return err
	})
}

// resolve finds out why an append was refused although this coordinator owns the saga: if an
// earlier try, which seemed to fail, has done it, all is well.
func (s *instance) resolve(ctx context.Context, st store.Store, request store.Append) error {
	record, err := st.Load(ctx, s.id)
	if err != nil {
		return err
	}
	if record.Generation != s.generation {
		return store.ErrFenced
	}
	found, err := st.Events(ctx, s.id, request.Seq, 0)
	if err != nil {
		return err
	}
	if len(found) != len(request.Events) {
		return final{fmt.Errorf("%w: from event %d on there are %d, not %d", errForeign, request.Seq, len(found), len(request.Events))}
	}
	for i, e := range request.Events {
		if f := found[i]; f.Node != e.Node || f.Kind != e.Kind || string(f.Payload) != string(e.Payload) {
			return final{fmt.Errorf("%w: event %d is %s of node %d", errForeign, f.Seq, f.Kind, f.Node)}
		}
	}
	return nil
}

// final marks an error after which retry doesn't try again.
type final struct{ error }

func (f final) Unwrap() error { return f.error }

// ended says why a retry was given up.
func ended(alive context.Context) error {
	if alive.Err() != nil {
		return saga.ErrShutdown
	}
	return errTenure
}

// retry calls the store until the call returns nil or an error that is final, or life, which is the coordinator's or a tenure,
// ends. Each try is bounded by Config.StoreTimeout.
func (c *Coordinator) retry(life context.Context, id saga.ID, call func(context.Context, store.Store) error) error {
	for try := 0; ; try++ {
		err := c.withStore(life, call)
		if isFinal := errors.As(err, new(final)); err == nil || isFinal {
			return err
		}
		if life.Err() != nil {
			return ended(c.alive)
		}
		c.config.Logger.Warn("store fails; trying again", "saga", id, "error", err)
		timer := time.NewTimer(min(firstStorePause<<min(try, 10), maxStorePause))
		select {
		case <-timer.C:
		case <-life.Done():
			timer.Stop()
			return ended(c.alive)
		}
	}
}

// How long to wait before a failed call of the store is repeated: this, then doubled up to that.
const (
	firstStorePause = 20 * time.Millisecond
	maxStorePause   = 2 * time.Second
)

// withStore calls the store, bounded in time.
func (c *Coordinator) withStore(ctx context.Context, call func(context.Context, store.Store) error) error {
	b := newBounded(ctx, c.config.StoreTimeout)
	defer b.end()
	return call(b, c.config.Store)
}
