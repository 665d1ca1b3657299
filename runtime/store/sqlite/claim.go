package sqlite

import (
	"bytes"
	"context"
	"encoding/hex"
	"slices"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

// Claim implements store.Store. It looks first, as a claim is asked for often, and mostly there is nothing: a look
// doesn't need the lock that writes need.
func (s *Store) Claim(ctx context.Context, c store.Claim) ([]store.Record, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	if found, err := s.look(ctx, c); err != nil || !found {
		return nil, err
	}
	return s.take(ctx, c)
}

const claiming = "claim sagas"

// look reports whether there is anything to claim.
func (s *Store) look(ctx context.Context, c store.Claim) (found bool, err error) {
	statement := lookFree
	switch {
	case len(c.IDs) > 0:
		statement = lookFreeIDs
	case c.Unowned:
		statement = lookUnowned
	}
	err = s.read(ctx, claiming, saga.ID{}, func() error {
		return s.stmts[statement].QueryRowContext(ctx, claimArgs(c, time.Now())...).Scan(&found)
	})
	return found, err
}

// take claims.
func (s *Store) take(ctx context.Context, c store.Claim) ([]store.Record, error) {
	c.IDs, c.Except = slices.Clone(c.IDs), slices.Clone(c.Except) // the caller may have gone when it is written
	statement := claimFree
	switch {
	case len(c.IDs) > 0:
		statement = claimFreeIDs
	case c.Unowned:
		statement = claimUnowned
	}
	var records []store.Record
	err := s.writeFirst(ctx, claiming, func(tx *transaction) error {
		now := time.Now()
		rows, err := tx.stmt(statement).Query(claimArgs(c, now, leaseEnd(now, c.Lease), sqlLimit(c.Limit), sqlBytes(c.Bytes))...)
		if err != nil {
			return err
		}
		records, err = scanRecords(rows, true)
		return err
	})
	if err != nil {
		return nil, err // and don't look at records, which may still be read
	}
	slices.SortFunc(records, func(a, b store.Record) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	return records, nil
}

// claimArgs returns the arguments of the statements of a claim: who, now and where, then the others, and what is left out. If there are IDs,
// they follow, and whether owned sagas are left out.
func claimArgs(c store.Claim, now time.Time, others ...any) []any {
	args := append([]any{c.Owner, now.UnixMicro(), c.Queue}, others...)
	args = append(args, jsonArray(c.Except))
	if len(c.IDs) == 0 {
		return args
	}
	return append(args, jsonArray(c.IDs), c.Unowned)
}

// jsonArray returns the IDs as a JSON array of texts, which statements read with json_each and unhex.
func jsonArray(ids []saga.ID) string {
	array := append(make([]byte, 0, len(ids)*(2*len(saga.ID{})+3)+2), '[')
	for i, id := range ids {
		if i > 0 {
			array = append(array, ',')
		}
		array = append(hex.AppendEncode(append(array, '"'), id[:]), '"')
	}
	return string(append(array, ']'))
}
