package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
)

// minVersion is the first version of SQLite that doesn't corrupt a database when its WAL is reset at
// the wrong moment.
var minVersion = [3]int{3, 51, 3}

// checkDatabase returns an error if the database can't be one that keeps what is written.
func checkDatabase(ctx context.Context, db *sql.DB) error {
	var version, file string
	err := db.QueryRowContext(ctx, "SELECT sqlite_version(), file FROM pragma_database_list WHERE name = 'main'").Scan(&version, &file)
	if err != nil {
		return err
	}
	if err := checkVersion(version); err != nil {
		return err
	}
	if file == "" {
		return errors.New("the database is in memory, or a temporary one, and doesn't outlive its connection: open a file, or use store.NewMemory")
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
			return fmt.Errorf("SQLite is %s, and versions before %d.%d.%d can corrupt a database in WAL mode: use a newer driver",
				version, minVersion[0], minVersion[1], minVersion[2])
		}
	}
	return nil
}

// ensureDurable makes sure that what the connection commits survives a crash of the machine. It is called whenever one has been
// taken from the pool, which takes some 7 µs. To know a connection again by its identity would be
// cheaper, but not enough: the program may have set it to something else since, and nothing but reading tells. A prepared PRAGMA
// synchronous doesn't either, as SQLite reads the value when it prepares.
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
			return fmt.Errorf("%s stays %s and can't be set to %s, so commits could be lost: use a file on a local disk, not opened as immutable", s.name, value, s.want)
		}
	}
	return nil
}

type setting struct {
	name, want string
	durable    func(value string) bool
}

var (
	durable = []setting{
		{"journal_mode", "WAL", func(v string) bool { return v == "wal" }},
		{"synchronous", "FULL", func(v string) bool { return v == "2" || v == "3" }}, // 3 is EXTRA
	}
	// On Apple's systems a mere fsync leaves data in the drive's cache.
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
