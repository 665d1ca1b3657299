package sqlite

import "database/sql"

// transaction is a running transaction with the statements that it has used.
// Its methods take no context: interrupting a statement would not be faster,
// and would leave the outcome to chance.
type transaction struct {
	*sql.Tx
	prepared *statements
	bound    statements
}

// stmt returns a prepared statement, bound to the transaction. Binding costs
// about as much as running the statement, so it happens once.
func (t *transaction) stmt(s statement) *sql.Stmt {
	if t.bound[s] == nil {
		t.bound[s] = t.Stmt(t.prepared[s])
	}
	return t.bound[s]
}

// exec runs a statement and returns the number of rows that it has changed.
func (t *transaction) exec(s statement, args ...any) (int64, error) {
	result, err := t.stmt(s).Exec(args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// insert runs a statement that inserts a row, and returns the row's ID.
func (t *transaction) insert(s statement, args ...any) (rowID int64, err error) {
	result, err := t.stmt(s).Exec(args...)
	if err != nil {
		return 0, err
	}
	return result.LastInsertId()
}
