package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
)

// minVersion is the first version of SQLite without the bug that corrupts a
// database in WAL mode when the WAL is reset at the wrong moment.
var minVersion = [3]int{3, 51, 3}

// checkDatabase returns an error if the database can't be durable.
func checkDatabase(ctx context.Context, db *sql.DB) error {
	var version, file string
	err := db.QueryRowContext(ctx,
		"SELECT sqlite_version(), file FROM pragma_database_list WHERE name = 'main'").Scan(&version, &file)
	if err != nil {
		return err
	}
	if err := checkVersion(version); err != nil {
		return err
	}
	if file == "" {
		return errors.New("the database is in memory or temporary, and is lost with its connection: " +
			"open a file, or use store.NewMemory")
	}
	return nil
}

func checkVersion(version string) error {
	var v [3]int
	if _, err := fmt.Sscanf(version, "%d.%d.%d", &v[0], &v[1], &v[2]); err != nil {
		return fmt.Errorf("version %q of SQLite: %w", version, err)
	}
	for i := range v {
		if v[i] != minVersion[i] {
			if v[i] > minVersion[i] {
				return nil
			}
			return fmt.Errorf("SQLite is %s, and versions before %d.%d.%d can corrupt a database in WAL mode: "+
				"use a newer driver", version, minVersion[0], minVersion[1], minVersion[2])
		}
	}
	return nil
}

// ensureDurable makes sure that the commits of a connection survive a crash of
// the machine. It is called for each connection that is taken from the pool,
// and takes about 7 µs. Remembering connections would be cheaper, but wrong:
// the program may have changed the settings since, and only reading them shows
// that. A prepared PRAGMA synchronous doesn't show it either, since SQLite
// reads the value when it prepares the statement.
func ensureDurable(ctx context.Context, conn *sql.Conn) error {
	settings := durable
	if runtime.GOOS == "darwin" || runtime.GOOS == "ios" {
		settings = durableApple
	}
	for _, s := range settings {
		value, err := pragma(ctx, conn, s.name)
		if err != nil {
			return err
		}
		if s.durable(value) {
			continue
		}
		if _, err := conn.ExecContext(ctx, "PRAGMA main."+s.name+" = "+s.want); err != nil {
			return fmt.Errorf("setting %s to %s: %w", s.name, s.want, err)
		}
		if value, err = pragma(ctx, conn, s.name); err != nil {
			return err
		}
		if !s.durable(value) {
			return fmt.Errorf("%s stays %s and can't be set to %s, so commits could be lost: "+
				"use a file on a local disk, not opened as immutable", s.name, value, s.want)
		}
	}
	return nil
}

// setting is a PRAGMA that durability depends on.
type setting struct {
	name, want string
	durable    func(value string) bool
}

var (
	durable = []setting{
		{"journal_mode", "WAL", func(v string) bool { return v == "wal" }},
		{"synchronous", "FULL", func(v string) bool { return v == "2" || v == "3" }}, // 3 is EXTRA
	}
	// On Apple's systems, fsync alone leaves data in the cache of the drive.
	durableApple = append(durable[:len(durable):len(durable)],
		setting{"fullfsync", "ON", func(v string) bool { return v == "1" }},
		setting{"checkpoint_fullfsync", "ON", func(v string) bool { return v == "1" }})
)

func pragma(ctx context.Context, conn *sql.Conn, name string) (value string, err error) {
	if err = conn.QueryRowContext(ctx, "PRAGMA main."+name).Scan(&value); err != nil {
		err = fmt.Errorf("reading %s: %w", name, err)
	}
	return value, err
}
