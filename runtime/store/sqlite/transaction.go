package sqlite

import "database/sql"

// transaction is one that is under way, with the statements that it has used. Nothing in it heeds a context: to break
// it off would be no faster, and leave its outcome to chance.
type transaction struct {
	*sql.Tx
	prepared *statements
	bound    statements
}

// stmt returns a prepared statement for use in the transaction. To bind one costs about as much as to run it.
func (t *transaction) stmt(s statement) *sql.Stmt {
	if t.bound[s] == nil {
		t.bound[s] = t.Stmt(t.prepared[s])
	}
	return t.bound[s]
}

// exec runs a statement and returns how many rows it has changed.
func (t *transaction) exec(s statement, args ...any) (int64, error) {
	result, err := t.stmt(s).Exec(args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// insert runs a statement that inserts a row, and returns the number of that.
func (t *transaction) insert(s statement, args ...any) (number int64, err error) {
	result, err := t.stmt(s).Exec(args...)
	if err != nil {
		return 0, err
	}
	return result.LastInsertId()
}
