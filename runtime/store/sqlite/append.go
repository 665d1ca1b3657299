package sqlite

import (
	"context"
	"time"

	"github.com/sagagen/sagagen/runtime/store"
	"github.com/sagagen/sagagen/runtime/store/internal/packed"
)

// Append implements store.Store.
func (s *Store) Append(ctx context.Context, a store.Append) error {
	if err := a.Check(); err != nil {
		return err
	}
	events, count := packed.Of(a.Events), int64(len(a.Events))
	a.Events = nil // they are the caller's, who may have gone when it is written
	return s.write(ctx, "append to saga", a.ID, len(events), func(tx *transaction) error {
		// A number above the largest int64 becomes negative here, and so is no saga's.
		generation, seq, state, now := int64(a.Generation), int64(a.Seq), int64(a.State), time.Now().UnixMicro()
		if count > 0 { // mostly one of these will do
			statement := appendLog
			if a.State.Final() {
				statement = finish
			}
			appended, err := tx.exec(statement, a.ID[:], generation, seq, state, a.Notify, count, now, []byte(events))
			if err != nil || appended == 1 {
				return err
			}
		}
		if _, err := tx.exec(unfinish, a.ID[:], generation, seq, state); err != nil {
			return err
		}
		advanced, err := tx.exec(advance, a.ID[:], generation, seq, state, a.Notify, count, now)
		switch {
		case err != nil:
			return err
		case advanced == 0:
			return refusal(tx, a.ID, a.Generation)
		case count == 0:
			return nil
		}
		_, err = tx.exec(appendEvents, a.ID[:], seq, count, now, []byte(events))
		return err
	})
}
