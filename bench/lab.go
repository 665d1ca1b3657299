package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sagagen/sagagen/runtime/store"
)

// lab is where cases are measured: what they share, and what their options are. It is used by one goroutine at a time.
type lab struct {
	// temporal is the address of a Temporal server; empty if there is none.
	temporal string
	// unfinished is how many sagas the recover cases find in the store.
	unfinished int
	// finished is how many sagas are in the full store of the finished cases.
	finished int
	// postgresURL is the server to use; if it's empty, the lab starts one.
	postgresURL string

	folder    string
	databases int // how many were made, for their names
	server    interface{ Close() }
	// admin is the pool that databases are made with, and what the server counts is read with. It is nil until a
	// case needs PostgreSQL.
	admin *pgxpool.Pool
	// filled are the stores that many rounds use, by the name of their case.
	filled map[string]*pair
}

// newLab returns a lab with a folder of its own, in the one for temporary files: TMPDIR says on which disk that is.
func newLab() (*lab, error) {
	folder, err := os.MkdirTemp("", "sagabench")
	if err != nil {
		return nil, err
	}
	return &lab{folder: folder, unfinished: 100_000, finished: 1_000_000, filled: map[string]*pair{}}, nil
}

// newFile returns the name of a file that isn't there, in a folder of its own.
func (l *lab) newFile(name string) (string, error) {
	folder, err := os.MkdirTemp(l.folder, "")
	return filepath.Join(folder, name), err
}

func (l *lab) close() error {
	var failures []error
	for name, p := range l.filled {
		if err := p.remove(); err != nil {
			failures = append(failures, fmt.Errorf("%s: %w", name, err))
		}
	}
	if l.admin != nil {
		l.admin.Close()
	}
	if l.server != nil {
		l.server.Close()
	}
	return errors.Join(append(failures, os.RemoveAll(l.folder))...)
}

// backend is an empty store of one kind, with what it takes to measure it.
type backend struct {
	store store.Store
	meter meter
	close func() error
}

// opener makes a backend.
type opener func(context.Context, *lab) (*backend, error)
