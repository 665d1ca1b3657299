package sqlite

import (
	"context"
	"database/sql"

	"github.com/sagagen/sagagen/runtime/store/internal/groupcommit"
)

// operation is the database part of a call of the Store. It must not refer to
// memory of the caller, who may return before it runs. It may run again after a
// transaction that had no effect.
//
// The first statement of an operation that writes must be a write. It then
// takes the write lock before anything is read, as BEGIN IMMEDIATE would, which
// database/sql can't send.
//
// If an operation returns a store error (isStoreError), it has changed nothing,
// and the transaction continues without it. After any other error the
// transaction is rolled back.
type operation func(*transaction) error

// committer runs the operations of a Store, many in one transaction. It has one
// worker, so it runs them in the order of their arrival. A Store has one
// committer for its writes, and one for its reads of single sagas.
type committer = groupcommit.Committer[*heldConn, operation]

// request is a request of a committer.
type request = groupcommit.Request[operation]

// maxBatchBytes is three quarters of the default size of SQLite's page cache.
const maxBatchBytes = 3 << 19

// newCommitter returns a committer. If writes is set, its commits are durable.
func newCommitter(db *sql.DB, prepared *statements, writes bool) *committer {
	conn := &heldConn{db: db, writes: writes}
	return groupcommit.New(groupcommit.Driver[*heldConn, operation]{
		Workers:  1,
		MaxBytes: maxBatchBytes,
		Connect: func(ctx context.Context) (*heldConn, error) {
			_, err := conn.get(ctx)
			return conn, err
		},
		Commit: func(ctx context.Context, conn *heldConn, ops []operation) ([]error, error) {
			errs, err := transact(ctx, conn, prepared, ops)
			if err != nil {
				conn.release() // it may be broken
			}
			return errs, err
		},
		Release: func(conn *heldConn, idle bool) {
			if idle { // a caller that has its result may close the database and copy its file
				conn.release()
			}
		},
		Retry: isBusy,
	})
}

// transact runs operations in one transaction and returns their results.
func transact(ctx context.Context, held *heldConn, prepared *statements, ops []operation) ([]error, error) {
	conn, err := held.get(ctx)
	if err != nil {
		return nil, err
	}
	// Without ctx: a caller whose context ends stops waiting, and the
	// transaction continues.
	sqlTx, err := conn.BeginTx(context.Background(), &sql.TxOptions{ReadOnly: !held.writes})
	if err != nil {
		return nil, err
	}
	tx := &transaction{Tx: sqlTx, prepared: prepared}
	errs := make([]error, len(ops))
	for i, op := range ops {
		if errs[i] = op(tx); errs[i] == nil || isStoreError(errs[i]) {
			continue
		}
		if err := tx.Rollback(); err != nil {
			held.discard()
		}
		if isBusy(errs[i]) {
			return nil, errs[i]
		}
		return nil, &groupcommit.Rejected{Index: i, Err: errs[i]}
	}
	if err := tx.Commit(); err != nil {
		held.discard() // the transaction may still be open
		return nil, err
	}
	return errs, nil
}
