package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sagagen/sagagen/internal/pgtest"
	"github.com/sagagen/sagagen/runtime/store/postgres"
)

// postgresVariable is the environment variable with the URL of a server.
const postgresVariable = "SAGA_BENCH_POSTGRES"

// postgres returns the admin pool of the PostgreSQL server. It starts the
// server at the first use. The error is errSkip if PostgreSQL isn't installed,
// unless CI is true.
func (env *environment) postgres(ctx context.Context) (*pgxpool.Pool, error) {
	if env.admin != nil {
		return env.admin, nil
	}
	if env.postgresURL == "" {
		server, err := pgtest.NewServer()
		if err != nil {
			err = fmt.Errorf("%w: install PostgreSQL (Debian: apt-get install postgresql) or set %s to a URL",
				err, postgresVariable)
			if os.Getenv("CI") != "true" {
				err = fmt.Errorf("%w: %w", errSkip, err)
			}
			return nil, err
		}
		env.server, env.postgresURL = server, server.URL
	}
	pool, err := pgxpool.New(ctx, env.postgresURL)
	if err != nil {
		return nil, err
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("PostgreSQL server of %s: %w", postgresVariable, err)
	}
	env.admin = pool
	return pool, nil
}

// database is a new database on the PostgreSQL server.
type database struct {
	url   string
	name  string
	admin *pgxpool.Pool
}

func (env *environment) newDatabase(ctx context.Context) (*database, error) {
	admin, err := env.postgres(ctx)
	if err != nil {
		return nil, err
	}
	env.databases++
	name := fmt.Sprintf("sagabench_%d_%d", os.Getpid(), env.databases)
	if _, err := admin.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		return nil, err
	}
	d := &database{name: name, admin: admin}
	if d.url, err = withDatabase(env.postgresURL, name); err != nil {
		return nil, errors.Join(err, d.drop())
	}
	return d, nil
}

// withDatabase returns the connection URL with another database name.
func withDatabase(connection, name string) (string, error) {
	parsed, err := url.Parse(connection)
	if err != nil || parsed.Scheme == "" {
		return "", fmt.Errorf("%s is not a URL, want one like postgres://user@host/database", postgresVariable)
	}
	parsed.Path = "/" + name
	return parsed.String(), nil
}

func (d *database) drop() error {
	_, err := d.admin.Exec(context.Background(), "DROP DATABASE "+d.name+" WITH (FORCE)")
	return err
}

// meter reads the counters of the whole server. Its commits are the
// transactions that wrote: only these get a transaction ID. Its bytes are those
// of the write-ahead log.
func (d *database) meter(ctx context.Context) (u usage, err error) {
	err = d.admin.QueryRow(ctx, `
		SELECT pg_snapshot_xmax(pg_current_snapshot())::text::float8,
			(pg_current_wal_insert_lsn() - '0/0')::float8`).Scan(&u.commits, &u.bytes)
	return u, err
}

// openPostgres opens the PostgreSQL store in a new database, through a pool
// with the defaults of pgx.
func openPostgres(ctx context.Context, env *environment) (*backend, error) {
	d, err := env.newDatabase(ctx)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.New(ctx, d.url)
	if err != nil {
		return nil, errors.Join(err, d.drop())
	}
	end := func() error {
		pool.Close()
		return d.drop()
	}
	st, err := postgres.Open(ctx, pool, postgres.Config{})
	if err != nil {
		return nil, errors.Join(err, end())
	}
	return &backend{store: st, meter: d.meter, close: end}, nil
}

// postgresFloor is the setup of bare commits, on two connections like the
// writers of the store.
func postgresFloor(ctx context.Context, env *environment, clients int) (s session, err error) {
	d, err := env.newDatabase(ctx)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.New(ctx, d.url)
	if err != nil {
		return nil, errors.Join(err, d.drop())
	}
	end := func() error {
		pool.Close()
		return d.drop()
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, end())
		}
	}()
	if _, err := pool.Exec(ctx, "CREATE TABLE bare (data bytea NOT NULL)"); err != nil {
		return nil, err
	}
	return newFloor(ctx, floor{
		clients: clients,
		writers: 2,
		commit: func(ctx context.Context, n int, row []byte) error {
			rows := make([][]byte, n)
			for i := range rows {
				rows[i] = row
			}
			_, err := pool.Exec(ctx, "INSERT INTO bare (data) SELECT * FROM unnest($1::bytea[])", rows)
			return err
		},
		meter: d.meter,
		rows: func(ctx context.Context) (int64, error) {
			rows, _ := pool.Query(ctx, "SELECT count(*) FROM bare") // CollectOneRow returns its error
			return pgx.CollectOneRow(rows, pgx.RowTo[int64])
		},
		end: end,
	})
}
