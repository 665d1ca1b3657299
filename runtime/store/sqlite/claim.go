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

// Claim implements store.Store. It first reads whether there is anything to
// claim. Coordinators claim often, and usually there is nothing; the read
// doesn't need the write lock.
func (s *Store) Claim(ctx context.Context, c store.Claim) ([]saga.Record, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	if found, err := s.anyClaimable(ctx, c); err != nil || !found {
		return nil, err
	}
	return s.claim(ctx, c)
}

const claiming = "claim sagas"

// anyClaimable reports whether there is a saga to claim.
func (s *Store) anyClaimable(ctx context.Context, c store.Claim) (found bool, err error) {
	statement := existsClaimable
	switch {
	case len(c.IDs) > 0:
		statement = existsClaimableID
	case c.Unowned:
		statement = existsUnowned
	}
	err = s.read(ctx, claiming, saga.ID{}, func() error {
		return s.stmts[statement].QueryRowContext(ctx, claimArgs(c, time.Now())...).Scan(&found)
	})
	return found, err
}

func (s *Store) claim(ctx context.Context, c store.Claim) ([]saga.Record, error) {
	c.IDs, c.Except = slices.Clone(c.IDs), slices.Clone(c.Except) // the caller may reuse them before the claim runs
	statement := claimAny
	switch {
	case len(c.IDs) > 0:
		statement = claimIDs
	case c.Unowned:
		statement = claimUnowned
	}
	var records []saga.Record
	err := s.writeFirst(ctx, claiming, func(tx *transaction) error {
		now := time.Now()
		args := claimArgs(c, now, leaseEnd(now, c.Lease), sqlLimit(c.Limit), sqlBytes(c.Bytes))
		rows, err := tx.stmt(statement).Query(args...)
		if err != nil {
			return err
		}
		records, err = scanRecords(rows, true)
		return err
	})
	if err != nil {
		return nil, err // the operation may still write to records
	}
	slices.SortFunc(records, func(a, b saga.Record) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	return records, nil
}

// claimArgs returns the arguments of the statements of a claim: the claimant,
// the time and the queue; then more; then the IDs that are excepted. If the
// claim names IDs, these follow, and whether owned sagas are left out.
func claimArgs(c store.Claim, now time.Time, more ...any) []any {
	args := append([]any{c.Owner, now.UnixMicro(), c.Queue}, more...)
	args = append(args, jsonArray(c.Except))
	if len(c.IDs) == 0 {
		return args
	}
	return append(args, jsonArray(c.IDs), c.Unowned)
}

// jsonArray returns the IDs as a JSON array of hexadecimal strings, which
// statements read with json_each and unhex.
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
