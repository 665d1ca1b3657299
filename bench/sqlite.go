package main

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"

	modernc "modernc.org/sqlite"

	"github.com/sagagen/sagagen/runtime/store/sqlite"
)

// sqliteFile is a new database file in a new directory. A hook on each
// connection counts its commits. Its bytes are those that the process writes:
// to the log, and at checkpoints to the file.
type sqliteFile struct {
	*sql.DB
	connector *hookedConnector
	folder    string
}

// openFile opens a new file with the given parameters of the driver.
func openFile(env *environment, parameters string) (*sqliteFile, error) {
	file, err := env.newFile("sagas.db")
	if err != nil {
		return nil, err
	}
	connector, err := modernc.NewConnector("file:" + file + "?" + parameters)
	if err != nil {
		return nil, err
	}
	hooked := &hookedConnector{Connector: connector}
	return &sqliteFile{DB: sql.OpenDB(hooked), connector: hooked, folder: filepath.Dir(file)}, nil
}

func (f *sqliteFile) meter(context.Context) (usage, error) {
	written, err := bytesWritten()
	return usage{commits: float64(f.connector.commits.Load()), bytes: written}, err
}

// remove closes the database and removes its directory.
func (f *sqliteFile) remove() error { return errors.Join(f.Close(), os.RemoveAll(f.folder)) }

// hookedConnector counts the write transactions of all its connections.
type hookedConnector struct {
	driver.Connector
	commits atomic.Int64
}

// Connect implements driver.Connector.
func (h *hookedConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := h.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	registerer, ok := conn.(modernc.HookRegisterer)
	if !ok {
		return nil, errors.Join(fmt.Errorf("SQLite connection of type %T has no commit hook", conn), conn.Close())
	}
	registerer.RegisterCommitHook(func() int32 {
		h.commits.Add(1)
		return 0
	})
	return conn, nil
}

// openSQLite opens the SQLite store on a new file, with the defaults of
// database/sql.
func openSQLite(ctx context.Context, env *environment) (*backend, error) {
	file, err := openFile(env, "")
	if err != nil {
		return nil, err
	}
	st, err := sqlite.Open(ctx, file.DB)
	if err != nil {
		return nil, errors.Join(err, file.remove())
	}
	return &backend{store: st, meter: file.meter, close: file.remove}, nil
}

// openSQLiteWithFdatasync is like openSQLite, but the driver uses fdatasync
// until the backend is closed. Only some systems, such as Linux, support this.
func openSQLiteWithFdatasync(ctx context.Context, env *environment) (*backend, error) {
	if _, err := modernc.Fdatasync(true); err != nil {
		return nil, err
	}
	reset := func() error {
		_, err := modernc.Fdatasync(false)
		return err
	}
	b, err := openSQLite(ctx, env)
	if err != nil {
		return nil, errors.Join(err, reset())
	}
	remove := b.close
	b.close = func() error { return errors.Join(remove(), reset()) }
	return b, nil
}

// sqliteFloor is the setup of bare commits, on one connection.
func sqliteFloor(ctx context.Context, env *environment, clients int) (s session, err error) {
	file, err := openFile(env, "_pragma=journal_mode(wal)&_pragma=synchronous(full)")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, file.remove())
		}
	}()
	if _, err := file.ExecContext(ctx, "CREATE TABLE bare (data BLOB NOT NULL) STRICT"); err != nil {
		return nil, err
	}
	insert, err := file.PrepareContext(ctx, "INSERT INTO bare (data) VALUES (?)")
	if err != nil {
		return nil, err
	}
	return newFloor(ctx, floor{
		clients: clients,
		writers: 1,
		commit: func(ctx context.Context, rows int, row []byte) error {
			tx, err := file.BeginTx(ctx, nil)
			if err != nil {
				return err
			}
			defer tx.Rollback()
			stmt := tx.StmtContext(ctx, insert)
			for range rows {
				if _, err := stmt.ExecContext(ctx, row); err != nil {
					return err
				}
			}
			return tx.Commit()
		},
		meter: file.meter,
		rows: func(ctx context.Context) (n int64, err error) {
			return n, file.QueryRowContext(ctx, "SELECT count(*) FROM bare").Scan(&n)
		},
		end: file.remove,
	})
}
