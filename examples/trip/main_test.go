package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/sec"
	"github.com/sagagen/sagagen/runtime/store"
	"github.com/sagagen/sagagen/runtime/store/sqlite"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// binary is the path of the built program.
var binary string

func TestMain(m *testing.M) {
	flag.Parse()
	dir, err := os.MkdirTemp("", "trip")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "trip")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		panic(fmt.Sprintf("go build: %v\n%s", err, out))
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

var nodes = []string{"payment", "hotel", "flight", "car", "summary"}

// trip runs the program in a directory.
func trip(t *testing.T, dir string, args ...string) (stdout, stderr string, state *os.ProcessState) {
	t.Helper()
	cmd := exec.Command(binary, args...)
	var out, errs bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &errs
	if err := cmd.Run(); err != nil {
		require.ErrorAs(t, err, new(*exec.ExitError))
	}
	return out.String(), errs.String(), cmd.ProcessState
}

var (
	anyID     = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	anyNumber = regexp.MustCompile(`\b([A-Z]{3})-[0-9a-f]{8}\b`)
	anyCount  = regexp.MustCompile(`\b\d+ events\b`)
)

// golden compares got with a golden file. It replaces IDs, numbers and counts
// of events, which differ from run to run.
func golden(t *testing.T, name, got string) {
	t.Helper()
	got = anyID.ReplaceAllString(got, "ID")
	got = anyNumber.ReplaceAllString(got, "$1-NUMBER")
	got = anyCount.ReplaceAllString(got, "N events")
	file := filepath.Join("testdata", name+".out")
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), got)
}

func TestTripIsBooked(t *testing.T) {
	dir := t.TempDir()
	stdout, stderr, state := trip(t, dir)
	assert.Equal(t, 0, state.ExitCode())
	assert.Empty(t, stderr)
	golden(t, "success", stdout)
	assert.FileExists(t, filepath.Join(dir, "trip.db"))

	again, _, _ := trip(t, dir)
	golden(t, "success", again)
	assert.NotEqual(t, anyID.FindString(stdout), anyID.FindString(again), "a finished saga is not resumed")
}

func TestFailedTripIsUndone(t *testing.T) {
	for _, node := range nodes {
		t.Run(node, func(t *testing.T) {
			dir := t.TempDir()
			stdout, stderr, state := trip(t, dir, "-db", "some.db", "-fail", node)
			assert.Equal(t, 1, state.ExitCode())
			assert.Empty(t, stderr)
			golden(t, "fail_"+node, stdout)

			stdout, _, state = trip(t, dir, "-db", "some.db")
			assert.Equal(t, 0, state.ExitCode())
			golden(t, "success", stdout)
		})
	}
}

func TestAllUnfinishedTripsResume(t *testing.T) {
	file := filepath.Join(t.TempDir(), "trip.db")
	db, err := sql.Open("sqlite", file)
	require.NoError(t, err)
	sagas, err := sqlite.Open(t.Context(), db)
	require.NoError(t, err)
	ids := []saga.ID{saga.NewID(), saga.NewID()}
	for _, id := range ids { // as if the process was killed during the first action
		dag, err := saga.NewSagaDAG(BookTripDAG(), BookTrip{})
		require.NoError(t, err)
		text, params, err := dag.Parts()
		require.NoError(t, err)
		require.NoError(t, sagas.Create(t.Context(), store.NewSaga{
			ID: id, Name: dag.Name(), DAG: text, Params: params,
			State: saga.StateRunning, Owner: "killed process",
			Events: []engine.Event{{Node: 1, Kind: engine.EventStarted}},
		}))
	}
	require.NoError(t, db.Close())

	var out bytes.Buffer
	require.NoError(t, run(t.Context(), options{db: file}, NewLedger(), &out))
	assert.Contains(t, out.String(),
		" holds 2 unfinished sagas. They are resumed, and no new trip is booked:\n")
	assert.Equal(t, 2, strings.Count(out.String(), "the trip is booked:"))
	for _, id := range ids {
		assert.Contains(t, out.String(), fmt.Sprintf("  %s  book-trip, running, 1 events\n", id))
		assert.Contains(t, out.String(), fmt.Sprintf("+ saga execution: %s\n", id))
	}
}

func TestLedgerOfFailedTrip(t *testing.T) {
	undone := []string{"charged, refunded", "booked, canceled", "booked, canceled", "booked, canceled"}
	for i, node := range nodes {
		t.Run(node, func(t *testing.T) {
			o, err := parse([]string{"-db", filepath.Join(t.TempDir(), "trip.db"), "-fail", node}, nil)
			require.NoError(t, err)
			ledger := NewLedger()
			var out bytes.Buffer
			err = run(t.Context(), o, ledger, &out)
			var failed *saga.FailedError
			require.ErrorAs(t, err, &failed)
			assert.Equal(t, saga.StateFailed, failed.State)

			want := map[saga.NodePath]string{}
			for j, other := range nodes[:4] {
				if i > 0 && i != j { // if the payment fails, nothing is booked
					want[saga.NodePath(other)] = undone[j]
				}
			}
			got := map[saga.NodePath]string{}
			for _, e := range ledger.Entries(failed.ID) {
				got[e.Node] = e.String()
			}
			assert.Equal(t, want, got)
		})
	}
}

func TestInvalidFlagsAreReported(t *testing.T) {
	const noNode = "no such node; the nodes are payment, hotel, flight, car, summary\n"
	for _, tt := range []struct {
		want string
		args []string
	}{
		{`trip: invalid value "boat" for flag -fail: ` + noNode, []string{"-fail", "boat"}},
		{`trip: invalid value "" for flag -crash-after: ` + noNode, []string{"-crash-after="}},
		{`trip: unexpected argument "hotel": trip takes only flags, see trip -h` + "\n", []string{"hotel"}},
		{"trip: flag provided but not defined: -x\n", []string{"-x"}},
		{"trip: flag needs an argument: -fail\n", []string{"-fail"}},
	} {
		stdout, stderr, state := trip(t, t.TempDir(), tt.args...)
		assert.Equal(t, 2, state.ExitCode())
		assert.Equal(t, tt.want, stderr)
		assert.Empty(t, stdout)
	}
	stdout, stderr, state := trip(t, t.TempDir(), "-h")
	assert.Equal(t, 0, state.ExitCode())
	assert.Empty(t, stderr)
	golden(t, "usage", stdout)

	_, stderr, state = trip(t, t.TempDir(), "-db", "no/such/folder/trip.db")
	assert.Equal(t, 1, state.ExitCode())
	assert.Contains(t, stderr, "trip: no/such/folder/trip.db: ")
}

// lostResponse is a payment service that charges the card, but its response is
// lost.
type lostResponse struct{ PaymentService }

func (s lostResponse) Charge(ctx context.Context, card string) (string, error) {
	_, err := s.PaymentService.Charge(ctx, card)
	return "", errors.Join(err, saga.Permanent(saga.Indeterminate(errors.New("no response"))))
}

func TestPaymentWithLostResponseIsRefunded(t *testing.T) {
	ledger := NewLedger()
	service := NewService(ledger)
	service.Payments = lostResponse{service.Payments}
	coordinator, err := sec.New(sec.Config{Registry: NewRegistry(service), Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	require.NoError(t, coordinator.Start())
	defer coordinator.Stop(context.Background())

	run, err := StartBookTrip(t.Context(), coordinator, BookTrip{})
	require.NoError(t, err)
	_, err = run.Wait(t.Context())
	assert.ErrorContains(t, err, `was undone: node "payment" has an unknown outcome: no response`)
	entries := ledger.Entries(run.ID())
	require.Len(t, entries, 1)
	assert.Equal(t, "charged, refunded", entries[0].String())
}

func TestServicesServeRequestOnce(t *testing.T) {
	dag, err := saga.NewSagaDAG(BookTripDAG(), BookTrip{})
	require.NoError(t, err)
	hotel, err := dag.Find("hotel")
	require.NoError(t, err)
	id := saga.NewID()
	call := func(d saga.Direction) context.Context {
		return (&saga.Call{ID: id, DAG: dag, Node: hotel, Direction: d}).Context(t.Context())
	}
	ledger := NewLedger()
	service := NewService(ledger)
	number, err := service.Hotels.Book(call(saga.Do), "Ritz")
	require.NoError(t, err)
	again, err := service.Hotels.Book(call(saga.Do), "Ritz")
	require.NoError(t, err)
	assert.Equal(t, number, again)
	entry := Entry{Saga: id, Node: "hotel", Number: number, Name: "Ritz", Done: true}
	assert.Equal(t, []Entry{entry}, ledger.Entries(id))

	require.NoError(t, service.Hotels.Cancel(call(saga.Undo), number))
	require.NoError(t, service.Hotels.Cancel(call(saga.Undo), number))
	entry.Undone = true
	assert.Equal(t, []Entry{entry}, ledger.Entries(id))

	later := NewLedger()
	laterNumber, err := NewService(later).Hotels.Book(call(saga.Do), "Ritz")
	require.NoError(t, err)
	assert.Equal(t, number, laterNumber, "a run after a crash gets the same number")
	require.NoError(t, NewService(later).Payments.RefundUnconfirmed(call(saga.Undo)))
	assert.True(t, later.Entries(id)[0].Undone)

	empty := NewLedger()
	require.NoError(t, NewService(empty).Payments.RefundUnconfirmed(call(saga.Undo)))
	assert.Empty(t, empty.Entries(id))

	_, err = service.Hotels.Book(t.Context(), "Ritz")
	assert.EqualError(t, err, "the ledger needs the context of an action, for its idempotency key")
}
