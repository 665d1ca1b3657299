//go:build unix

package sqlite_test

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
	"github.com/sagagen/sagagen/runtime/store/sqlite"
)

// Environment variables with the role and the file of a process that a test
// starts. The process writes a line to its output for each durable change.
const (
	roleVariable = "SAGA_SQLITE_TEST_ROLE"
	fileVariable = "SAGA_SQLITE_TEST_FILE"
)

var roles = map[string]func(ctx context.Context, s *sqlite.Store) error{
	"append": appendForever, "claim": claimAll, "fill": fillDisk,
}

func TestMain(m *testing.M) {
	role := os.Getenv(roleVariable)
	if role == "" {
		os.Exit(m.Run())
	}
	if err := play(role); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func play(role string) error {
	db, err := sql.Open("sqlite", "file:"+os.Getenv(fileVariable))
	if err != nil {
		return err
	}
	s, err := sqlite.Open(context.Background(), db)
	if err != nil {
		return err
	}
	return roles[role](context.Background(), s)
}

func TestKilledProcessLosesNoAcknowledgedWrites(t *testing.T) {
	file := newFile(t)
	db := openDB(t, file, 0)
	s := openStore(t, db)
	for range 3 {
		child, lines := start(t, "append", file)
		mine := newSaga()
		require.NoError(t, s.Create(t.Context(), mine))
		acknowledged := map[saga.ID]uint64{}
		read := func() {
			var text string
			var n uint64
			_, err := fmt.Sscanf(lines.Text(), "%s %d", &text, &n)
			require.NoError(t, err)
			id, err := saga.ParseID(text)
			require.NoError(t, err)
			acknowledged[id] = n
		}
		for i := range uint64(100) {
			require.True(t, lines.Scan())
			read()
			require.NoError(t, s.Append(t.Context(), next(mine.ID, 3*i, 3)), "while another process appends")
		}
		require.NoError(t, child.Process.Kill())
		for lines.Scan() { // the lines from before the kill
			read()
		}
		require.Error(t, child.Wait())

		requireLog(t, s, mine.ID, 300)
		require.Len(t, acknowledged, appenders)
		for id, n := range acknowledged {
			record, err := s.Load(t.Context(), id)
			require.NoError(t, err)
			require.GreaterOrEqual(t, record.NextSeq, n)
			require.LessOrEqual(t, record.NextSeq, n+3, "at most one append more than acknowledged")
			requireLog(t, s, id, record.NextSeq)
		}
		var check string
		require.NoError(t, db.QueryRow("PRAGMA integrity_check").Scan(&check))
		require.Equal(t, "ok", check)
	}
}

const appenders = 4

// appendForever appends to several sagas until it is killed.
func appendForever(ctx context.Context, s *sqlite.Store) error {
	failed := make(chan error)
	for range appenders {
		go func() { failed <- appendTo(ctx, s, newSaga()) }()
	}
	return <-failed
}

// appendTo creates a saga and appends to it until an append fails. It writes
// the saga's ID and the number of its events after each append.
func appendTo(ctx context.Context, s *sqlite.Store, n store.NewSaga) error {
	if err := s.Create(ctx, n); err != nil {
		return err
	}
	for seq := uint64(0); ; {
		a := next(n.ID, seq, 3)
		if err := s.Append(ctx, a); err != nil {
			return err
		}
		seq += 3
		fmt.Println(n.ID, seq)
	}
}

func TestProcessesClaimEachSagaOnce(t *testing.T) {
	file := newFile(t)
	s := openStore(t, openDB(t, file, 0))
	var all, got []saga.ID
	for range 100 {
		n := newSaga()
		n.Lease = 0
		require.NoError(t, s.Create(t.Context(), n))
		all = append(all, n.ID)
	}
	var mu sync.Mutex
	collect := func(ids ...saga.ID) {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, ids...)
	}
	_, lines := start(t, "claim", file)
	var reader sync.WaitGroup
	reader.Go(func() {
		for lines.Scan() {
			id, err := saga.ParseID(lines.Text())
			assert.NoError(t, err)
			collect(id)
		}
	})
	for {
		records, err := s.Claim(t.Context(), store.Claim{Owner: "parent", Lease: time.Hour, Limit: 1})
		require.NoError(t, err)
		if len(records) == 0 {
			break
		}
		collect(records[0].ID)
	}
	reader.Wait()
	assert.ElementsMatch(t, all, got)
}

// claimAll claims one saga at a time until there are no more, and writes their
// IDs.
func claimAll(ctx context.Context, s *sqlite.Store) error {
	for {
		records, err := s.Claim(ctx, store.Claim{Owner: "child", Lease: time.Hour, Limit: 1})
		if err != nil || len(records) == 0 {
			return err
		}
		fmt.Println(records[0].ID)
	}
}

// The disk is full when the transaction commits, not at a statement.
func TestCommitOnAFullDiskLosesNothing(t *testing.T) {
	file := newFile(t)
	s := openStore(t, openDB(t, file, 0))
	child, lines := start(t, "fill", file)
	require.True(t, lines.Scan(), "the child gets an error for a full disk, and then appends again")
	var text string
	var kept uint64
	_, err := fmt.Sscanf(lines.Text(), "%s %d", &text, &kept)
	require.NoError(t, err)
	require.False(t, lines.Scan())
	require.NoError(t, child.Wait())
	id, err := saga.ParseID(text)
	require.NoError(t, err)
	requireLog(t, s, id, kept)
}

// fillDisk appends until files can't grow further, and once more after the
// limit is lifted.
func fillDisk(ctx context.Context, s *sqlite.Store) error {
	signal.Ignore(syscall.SIGXFSZ)
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	free := limit
	limit.Cur = 1 << 20
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	n := newSaga()
	if err := s.Create(ctx, n); err != nil {
		return err
	}
	var seq uint64
	for ; seq < 1_000_000; seq += 100 {
		if err := s.Append(ctx, next(n.ID, seq, 100)); err != nil {
			fmt.Fprintln(os.Stderr, "expected:", err)
			break
		}
	}
	if err := s.Append(ctx, next(n.ID, seq, 100)); err == nil || errors.Is(err, store.ErrSequence) {
		return fmt.Errorf("append to a full disk: %v", err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &free); err != nil {
		return err
	}
	if err := s.Append(ctx, next(n.ID, seq, 100)); err != nil {
		return err
	}
	fmt.Println(n.ID, seq+100)
	return nil
}

// start starts this test binary in a role, and returns the lines that it
// writes.
func start(t *testing.T, role, file string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), roleVariable+"="+role, fileVariable+"="+file)
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_, _ = io.Copy(io.Discard, out)
		_ = cmd.Wait()
	})
	return cmd, bufio.NewScanner(out)
}
