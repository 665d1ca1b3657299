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

// environment has the options and the resources that the cases share. It must
// be used by one goroutine at a time.
type environment struct {
	// temporal is the address of a Temporal server, or empty.
	temporal string
	// unfinished is the number of sagas that the recover cases recover.
	unfinished int
	// finished is the number of sagas in the full store of the finished cases.
	finished int
	// postgresURL is the PostgreSQL server. If it is empty, the environment
	// starts one at the first use.
	postgresURL string

	folder    string
	databases int // databases and queues created so far, for unique names
	server    interface{ Close() }
	// admin is the pool for creating databases and reading the server's
	// counters. It is nil until a case needs PostgreSQL.
	admin *pgxpool.Pool
	// filled has the stores that are kept for all rounds, by database.
	filled map[string]*storePair
}

// newEnvironment returns an environment with a new directory in TMPDIR.
func newEnvironment() (*environment, error) {
	folder, err := os.MkdirTemp("", "sagabench")
	if err != nil {
		return nil, err
	}
	return &environment{
		unfinished: 100_000,
		finished:   1_000_000,
		folder:     folder,
		filled:     map[string]*storePair{},
	}, nil
}

// newFile returns the path of a file that doesn't exist, in a new directory.
func (env *environment) newFile(name string) (string, error) {
	folder, err := os.MkdirTemp(env.folder, "")
	return filepath.Join(folder, name), err
}

func (env *environment) close() error {
	var failures []error
	for name, p := range env.filled {
		if err := p.remove(); err != nil {
			failures = append(failures, fmt.Errorf("%s: %w", name, err))
		}
	}
	if env.admin != nil {
		env.admin.Close()
	}
	if env.server != nil {
		env.server.Close()
	}
	return errors.Join(append(failures, os.RemoveAll(env.folder))...)
}

// backend is an empty store with its meter.
type backend struct {
	store store.Store
	meter meter
	close func() error
}

// opener opens a backend.
type opener func(context.Context, *environment) (*backend, error)
