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

// postgresVariable names the environment variable with the connection string of a server to use.
const postgresVariable = "SAGA_BENCH_POSTGRES"

// postgres returns the pool of the lab's server, which it starts if need be.
func (l *lab) postgres(ctx context.Context) (*pgxpool.Pool, error) {
	if l.admin != nil {
		return l.admin, nil
	}
	if l.postgresURL == "" {
		server, err := pgtest.NewServer()
		if err != nil {
			err = fmt.Errorf("%w: install PostgreSQL (Debian: apt-get install postgresql), or set %s to a URL", err, postgresVariable)
			if os.Getenv("CI") != "true" {
				err = fmt.Errorf("%w: %w", errSkip, err)
			}
			return nil, err
		}
		l.server, l.postgresURL = server, server.URL
	}
	pool, err := pgxpool.New(ctx, l.postgresURL)
	if err != nil {
		return nil, err
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("the PostgreSQL server of %s: %w", postgresVariable, err)
	}
	l.admin = pool
	return pool, nil
}

// database is a new database on the lab's server.
type database struct {
	url   string
	name  string
	admin *pgxpool.Pool
}

func (l *lab) newDatabase(ctx context.Context) (*database, error) {
	admin, err := l.postgres(ctx)
	if err != nil {
		return nil, err
	}
	l.databases++
	name := fmt.Sprintf("sagabench_%d_%d", os.Getpid(), l.databases)
	if _, err := admin.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		return nil, err
	}
	d := &database{name: name, admin: admin}
	if d.url, err = withDatabase(l.postgresURL, name); err != nil {
		return nil, errors.Join(err, d.drop())
	}
	return d, nil
}

// withDatabase returns the connection string with another database.
func withDatabase(connection, name string) (string, error) {
	parsed, err := url.Parse(connection)
	if err != nil || parsed.Scheme == "" {
		return "", fmt.Errorf("%s is no URL: want one like postgres://user@host/database", postgresVariable)
	}
	parsed.Path = "/" + name
	return parsed.String(), nil
}

func (d *database) drop() error {
	_, err := d.admin.Exec(context.Background(), "DROP DATABASE "+d.name+" WITH (FORCE)")
	return err
}

// meter reads what the whole server has done. Its commits are the transactions that have written: those that were given a number, which the
// server counts up. Its bytes are those of its write-ahead log.
func (d *database) meter(ctx context.Context) (u usage, err error) {
	return u, d.admin.QueryRow(ctx, "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::float8, (pg_current_wal_insert_lsn() - '0/0')::float8").
		Scan(&u.commits, &u.bytes)
}

// openPostgres opens the PostgreSQL store in a new database, through a pool with the defaults of pgx.
func openPostgres(ctx context.Context, l *lab) (*backend, error) {
	d, err := l.newDatabase(ctx)
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

// postgresFloor is the setup of bare commits, on as many connections as the store writes with.
func postgresFloor(ctx context.Context, l *lab, clients int) (s session, err error) {
	d, err := l.newDatabase(ctx)
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
			rows, _ := pool.Query(ctx, "SELECT count(*) FROM bare") // an error is CollectOneRow's, too
			return pgx.CollectOneRow(rows, pgx.RowTo[int64])
		},
		end: end,
	})
}
