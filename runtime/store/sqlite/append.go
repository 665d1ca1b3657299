package sqlite

import (
	"context"
	"time"

	"github.com/sagagen/sagagen/runtime/store"
	"github.com/sagagen/sagagen/runtime/store/internal/eventcodec"
)

// Append implements store.Store.
func (s *Store) Append(ctx context.Context, a store.Append) error {
	if err := a.Check(); err != nil {
		return err
	}
	events, count := eventcodec.Encode(a.Events), int64(len(a.Events))
	a.Events = nil // the caller may reuse them before they are written
	return s.write(ctx, "append to saga", a.ID, len(events), func(tx *transaction) error {
		// A number above the largest int64 becomes negative here, so it matches
		// no saga.
		generation, seq, state, now := int64(a.Generation), int64(a.Seq), int64(a.State), time.Now().UnixMicro()
		if count > 0 { // one statement usually suffices
			statement := appendToLog
			if a.State.Final() {
				statement = appendFinal
			}
			appended, err := tx.exec(statement, a.ID[:], generation, seq, state, a.Notify, count, now, events)
			if err != nil || appended == 1 {
				return err
			}
		}
		if _, err := tx.exec(moveFinalEvents, a.ID[:], generation, seq, state); err != nil {
			return err
		}
		updated, err := tx.exec(updateRecord, a.ID[:], generation, seq, state, a.Notify, count, now)
		switch {
		case err != nil:
			return err
		case updated == 0:
			return appendError(tx, a.ID, a.Generation)
		case count == 0:
			return nil
		}
		_, err = tx.exec(insertEvents, a.ID[:], seq, count, now, events)
		return err
	})
}
