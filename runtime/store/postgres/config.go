package postgres

import (
	"cmp"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
)

// Config configures a Store. Its zero value is a good configuration for most
// programs.
type Config struct {
	// Schema is the name of the schema of the store's tables and functions.
	// Open creates the schema if it doesn't exist. Default: "saga".
	Schema string
	// Writers is the maximum number of connections that Create and Append use
	// at a time. While all of these are in use, calls wait, and the next
	// transaction commits them together. More help if commits are slow, for
	// example with synchronous standbys. Default: 2.
	Writers int
	// ReadConns is the maximum number of connections that all methods except
	// Create, Append and Watch use at a time. Apart from the reads, these are
	// Claim, Renew, Release and Delete. A Create also uses one if it has to
	// write a DAG that several sagas share. Default: 4.
	ReadConns int
	// Listen is how Watch connects to the server. It must be the result of
	// pgx.ParseConfig, and lead to the server itself, not to a pooler. Default:
	// the configuration of the pool. If that leads to a pooler, where
	// notifications may be lost, Watch returns an error.
	Listen *pgx.ConnConfig
	// TrustStorage makes Open accept fsync=off and full_page_writes=off. It is
	// for services that don't keep the log on the server's disk, and for file
	// systems that write pages atomically. Default: Open returns an error for
	// both.
	TrustStorage bool
}

// Defaults of Config.
const (
	defaultSchema    = "saga"
	defaultWriters   = 2
	defaultReadConns = 4
)

// complete returns c with its defaults, or an error if a field is invalid.
func (c Config) complete() (Config, error) {
	c.Schema = cmp.Or(c.Schema, defaultSchema)
	c.Writers = cmp.Or(c.Writers, defaultWriters)
	c.ReadConns = cmp.Or(c.ReadConns, defaultReadConns)
	switch {
	case c.Writers < 0:
		return c, fmt.Errorf("Config.Writers is %d, want 1 or more", c.Writers)
	case c.ReadConns < 0:
		return c, fmt.Errorf("Config.ReadConns is %d, want 1 or more", c.ReadConns)
	}
	return c, checkSchema(c.Schema)
}

// maxIdentifier is the maximum length of a name in bytes. PostgreSQL silently
// truncates longer ones.
const maxIdentifier = 63

func checkSchema(name string) error {
	switch {
	case !utf8.ValidString(name) || strings.ContainsRune(name, 0) || len(name) > maxIdentifier:
		return fmt.Errorf("schema %q is not a valid name: want at most %d bytes of UTF-8", name, maxIdentifier)
	case strings.HasPrefix(name, "pg_"), name == "information_schema":
		return fmt.Errorf("schema %q is reserved by PostgreSQL: use another name", name)
	case strings.Contains(name, "$body$"):
		return fmt.Errorf("schema %q contains $body$, the delimiter of the store's functions: use another name", name)
	}
	return nil
}
