package sec

import (
	"context"
	"errors"
	"fmt"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/internal/fold"
	"github.com/sagagen/sagagen/runtime/store"
)

// applier applies operator commands, for a Coordinator or a Client.
type applier struct {
	client storeClient
	// submit has the saga's owner make a change, or appends it to the log.
	submit func(ctx context.Context, id saga.ID, change change) error
	// unpark forgets that a saga is parked here or was handed off, unless its
	// generation is except; no saga has generation 0. It reports whether there
	// was something to forget.
	unpark func(id saga.ID, except uint64) bool
}

// apply applies a command to a saga.
func (a *applier) apply(ctx context.Context, id saga.ID, command saga.Command) error {
	prepared, err := fold.NewCommand(id, command)
	if err != nil {
		return err
	}
	if size, most := len(prepared.Output), a.client.config.MaxPayload; size > most {
		return fmt.Errorf("saga %s: %w: an output of %d bytes, Config.MaxPayload is %d",
			id, saga.ErrTooLarge, size, most)
	}
	err = a.submit(ctx, id, change{
		apply:   func(j *journal) error { return j.applyCommand(prepared) },
		onFinal: func(record saga.Record) error { return a.alreadyRecorded(ctx, record, prepared) },
	})
	if command.Kind == engine.EventAbandoned && errors.Is(err, saga.ErrParked) {
		return a.abandonParked(ctx, id, prepared)
	}
	return err
}

// alreadyRecorded returns the result of a command for a final saga: nil if the
// log has the command.
func (a *applier) alreadyRecorded(ctx context.Context, record saga.Record, command *fold.Command) error {
	if command.Kind == engine.EventAbandoned && record.State == saga.StateAbandoned {
		return nil // its log may be unreadable
	}
	status, err := a.client.status(ctx, record)
	if err != nil {
		return err
	}
	return command.Recorded(status)
}

// abandonParked abandons a saga whose log can't be replayed, or that this
// coordinator's code doesn't fit.
func (a *applier) abandonParked(ctx context.Context, id saga.ID, abandon *fold.Command) error {
	for {
		record, err := a.client.load(ctx, id)
		switch {
		case err != nil:
			return err
		case record.State.Final():
			a.unpark(id, 0)
			return a.alreadyRecorded(ctx, record, abandon)
		// Another coordinator, whose code may fit, has claimed it since.
		case a.unpark(id, record.Generation):
			return a.apply(ctx, id, abandon.Command)
		}
		err = a.client.withStore(ctx, func(ctx context.Context, st store.Store) error {
			return st.Append(ctx, store.Append{
				ID: id, Generation: record.Generation, Seq: record.NextSeq,
				State: saga.StateAbandoned, Notify: record.Owner != "",
				Events: []engine.Event{{Seq: record.NextSeq, Kind: abandon.Kind, Payload: abandon.Payload(), At: now()}},
			})
		})
		switch {
		case err == nil:
			a.unpark(id, 0)
			return nil
		case !errors.Is(err, store.ErrFenced) && !errors.Is(err, store.ErrSequence):
			return fmt.Errorf("saga %s: abandon: %w", id, err)
		}
	}
}
