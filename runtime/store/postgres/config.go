package postgres

import (
	"cmp"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
)

// Config says where a Store keeps its tables, and how much of the pool it uses. The zero Config works.
type Config struct {
	// Schema is the schema of the tables. Open creates it if there is none. Default: "saga".
	Schema string
	// Writers is how many connections Create and Append use at the same time, at most, however many calls there
	// are: while all are in use, calls gather, and the next transaction commits them together. Default: 2.
	Writers int
	// Others is how many connections all other methods but Watch use at the same time, at most, and Create when it finds that a DAG of several
	// sagas isn't in the database yet. Default: 4.
	Others int
	// Listen is how Watch connects, made by pgx.ParseConfig: to the server itself. Default: as the pool does, unless that is to a
	// pooler, where notifications may get lost; then Watch returns an error.
	Listen *pgx.ConnConfig
	// TrustStorage makes Open accept fsync=off and full_page_writes=off. It is for services that keep the log
	// elsewhere than on the server's disk, and for file systems that write pages wholly or not at all. Default: both are refused.
	TrustStorage bool
}

// Defaults of Config.
const (
	defaultSchema  = "saga"
	defaultWriters = 2
	defaultOthers  = 4
)

// complete returns c with the defaults put in.
func (c Config) complete() (Config, error) {
	c.Schema = cmp.Or(c.Schema, defaultSchema)
	c.Writers = cmp.Or(c.Writers, defaultWriters)
	c.Others = cmp.Or(c.Others, defaultOthers)
	switch {
	case c.Writers < 0:
		return c, fmt.Errorf("Config.Writers is %d, want 1 or more", c.Writers)
	case c.Others < 0:
		return c, fmt.Errorf("Config.Others is %d, want 1 or more", c.Others)
	}
	return c, checkSchema(c.Schema)
}

// maxIdentifier is how many bytes of a name PostgreSQL keeps. It cuts off the others, silently.
const maxIdentifier = 63

func checkSchema(name string) error {
	switch {
	case !utf8.ValidString(name) || strings.ContainsRune(name, 0) || len(name) > maxIdentifier:
		return fmt.Errorf("schema %q is no name that PostgreSQL keeps: want up to %d bytes of UTF-8", name, maxIdentifier)
	case strings.HasPrefix(name, "pg_"), name == "information_schema":
		return fmt.Errorf("schema %q is PostgreSQL's own: use another one", name)
	case strings.Contains(name, "$body$"):
		return fmt.Errorf("schema %q has $body$ in it, by which the store's functions end: use another one", name)
	}
	return nil
}
