package main

import (
	"bytes"
	"flag"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDatabaseURLComesFromFlagOrEnvironment(t *testing.T) {
	getenv := func(name string) string {
		if name == "DATABASE_URL" {
			return "postgres://environment"
		}
		return ""
	}
	o, err := parse(nil, getenv, nil)
	require.NoError(t, err)
	assert.Equal(t, options{listen: "127.0.0.1:8080", db: "orders.db", postgres: "postgres://environment",
		lease: 5 * time.Second, latency: 100 * time.Millisecond, grace: 20 * time.Second}, o)
	o, err = parse([]string{"-postgres", "postgres://flag"}, getenv, nil)
	require.NoError(t, err)
	assert.Equal(t, "postgres://flag", o.postgres)
	o, err = parse([]string{"-postgres="}, getenv, nil)
	require.NoError(t, err)
	assert.Empty(t, o.postgres, "an empty flag selects SQLite")
}

func TestInvalidFlagsAreReported(t *testing.T) {
	none := func(string) string { return "" }
	_, err := parse([]string{"now"}, none, nil)
	assert.EqualError(t, err, `unexpected argument "now": orders takes only flags, see orders -h`)
	_, err = parse([]string{"-lease=soon"}, none, nil)
	assert.ErrorContains(t, err, `invalid value "soon" for flag -lease`)
	var out bytes.Buffer
	_, err = parse([]string{"-h"}, none, &out)
	require.ErrorIs(t, err, flag.ErrHelp)
	assert.Contains(t, out.String(), "usage: orders [flags]")
}

func TestProcessThatCannotListenClaimsNoSagas(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	file := filepath.Join(t.TempDir(), "orders.db")
	err = run(t.Context(), options{listen: taken.Addr().String(), db: file}, new(bytes.Buffer))
	assert.ErrorContains(t, err, "address already in use")
	assert.NoFileExists(t, file)

	err = run(t.Context(), options{listen: "127.0.0.1:0", db: filepath.Join(file, "orders.db")}, new(bytes.Buffer))
	assert.ErrorContains(t, err, file)
	err = run(t.Context(), options{listen: "127.0.0.1:0", postgres: "postgres://%"}, new(bytes.Buffer))
	assert.ErrorContains(t, err, "cannot parse")
}
