package codec_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/sec"
	"github.com/sagagen/sagagen/runtime/store"
	"github.com/sagagen/sagagen/runtime/store/codec"
)

// program is a coordinator that counts the calls of its actions, by names like
// "do a".
type program struct {
	*sec.Coordinator
	mu    sync.Mutex
	calls map[string]int
	end   sync.Once
}

// start starts a program. The end of the test shuts it down at the latest.
func start(t *testing.T, st store.Store) *program { return configured(t, sec.Config{Store: st}) }

// startWithLeases starts a program that shares the store with others.
func startWithLeases(t *testing.T, st store.Store) *program {
	return configured(t, sec.Config{Store: st, Lease: 10 * time.Second})
}

func configured(t *testing.T, config sec.Config) *program {
	t.Helper()
	p := &program{calls: map[string]int{}}
	registry := saga.NewRegistry()
	registry.Register(nil, saga.NewActionFunc("act", p.do, p.undo))
	var err error
	config.Registry, config.Logger = registry, slog.New(slog.NewTextHandler(io.Discard, nil))
	p.Coordinator, err = sec.New(config)
	require.NoError(t, err)
	require.NoError(t, p.Start())
	t.Cleanup(func() { p.shutdown(t) })
	return p
}

func (p *program) shutdown(t *testing.T) {
	t.Helper()
	p.end.Do(func() { assert.NoError(t, p.Stop(context.Background())) })
}

func (p *program) note(ctx saga.ActionContext) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls[fmt.Sprintf("%s %s", ctx.Direction(), ctx.Node())]++
}

// do is the action of chain. Each node's output is the output of the node
// before it with one more letter.
func (p *program) do(ctx saga.ActionContext) (string, error) {
	p.note(ctx)
	params, err := saga.Params[string](ctx)
	switch node := ctx.Node(); {
	case err != nil:
		return "", err
	case node == "a":
		return params + "a", nil
	case node == "b":
		before, err := saga.Lookup[string](ctx, "a")
		return before + "b", err
	case params == "fail":
		return "", saga.Permanent(errors.New("c fails"))
	}
	before, err := saga.Lookup[string](ctx, "b")
	return before + "c", err
}

func (p *program) undo(ctx saga.ActionContext) error {
	p.note(ctx)
	output, err := saga.Lookup[string](ctx, saga.NodeName(ctx.Node()))
	if err == nil && output == "" {
		err = errors.New("no output")
	}
	return err
}

// chain is a, then b, then c.
func chain(t *testing.T, params string) *saga.SagaDAG {
	t.Helper()
	b := saga.NewDAGBuilder("chain")
	for _, name := range []saga.NodeName{"a", "b", "c"} {
		b.Append(saga.ActionNode(name, string(name), "act"))
	}
	dag, err := saga.NewSagaDAG(b.MustBuild(), params)
	require.NoError(t, err)
	return dag
}

// createChain creates a saga without starting it.
func (p *program) createChain(t *testing.T) saga.ID {
	t.Helper()
	id := saga.NewID()
	require.NoError(t, p.Create(t.Context(), id, chain(t, "x")))
	return id
}

// requireSucceeds starts a saga and requires that it succeeds.
func (p *program) requireSucceeds(t *testing.T, id saga.ID) {
	t.Helper()
	require.NoError(t, p.StartCreated(t.Context(), id))
	outputs, err := p.Wait(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, `"xabc"`, string(outputs.Saga()))
}

var audit = saga.Audit{By: "ann", Reason: "its key is lost"}

func TestSagaWithAMissingKeyIsParkedAndBlocksNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := store.NewMemory()
		before := start(t, encode(t, inner, "2025"))
		poison, lost := before.createChain(t), before.createChain(t)
		before.shutdown(t)
		other := start(t, encode(t, inner, "2026"))
		healthy := other.createChain(t)
		other.shutdown(t)

		without := start(t, encode(t, inner, "2026"))
		without.requireSucceeds(t, healthy)
		_, err := without.Wait(t.Context(), poison)
		require.ErrorIs(t, err, saga.ErrParked)
		require.ErrorContains(t, err, `saga is parked: saga DAG: key "2025" is not in the keyring`)
		_, err = without.Status(t.Context(), poison)
		require.ErrorContains(t, err, `key "2025" is not in the keyring`)
		require.NoError(t, without.Apply(t.Context(), lost, saga.Abandon(audit)))
		without.shutdown(t)

		with := start(t, encode(t, inner, "2026", "2025"))
		with.requireSucceeds(t, poison)
		_, err = with.Wait(t.Context(), lost)
		var failed *saga.FailedError
		require.ErrorAs(t, err, &failed)
		assert.Equal(t, &audit, failed.Abandoned, "the command was recorded with the current key")
	})
}

func TestSagaIsExecutedByTheCoordinatorThatHasItsKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := store.NewMemory()
		without := startWithLeases(t, encode(t, inner, "2026"))
		synctest.Wait()
		client, err := sec.NewClient(sec.ClientConfig{Store: encode(t, inner, "2025")})
		require.NoError(t, err)
		id := saga.NewID()
		require.NoError(t, client.CreateAndStart(t.Context(), id, chain(t, "x")))
		time.Sleep(time.Minute)
		_, err = without.Wait(t.Context(), id)
		require.ErrorIs(t, err, saga.ErrParked)
		require.ErrorContains(t, err, `key "2025" is not in the keyring`)

		with := startWithLeases(t, encode(t, inner, "2026", "2025"))
		_, err = with.Wait(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, map[string]int{"do a": 1, "do b": 1, "do c": 1}, with.calls)
		assert.Empty(t, without.calls)
	})
}

// A saga whose DAG can be decoded is shown, even if its events can't.
func TestSagaWithAnEventWhoseKeyIsMissingIsParkedAndShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := store.NewMemory()
		first := start(t, encode(t, inner, "2026"))
		id := first.createChain(t)
		first.shutdown(t)
		second := start(t, encode(t, inner, "2025", "2026"))
		require.NoError(t, second.Apply(t.Context(), id, saga.Pause(audit)))
		second.shutdown(t)

		without := start(t, encode(t, inner, "2026"))
		synctest.Wait()
		status, err := without.Status(t.Context(), id)
		require.NoError(t, err)
		require.ErrorIs(t, status.Parked, saga.ErrParked)
		require.ErrorContains(t, status.Parked, `event 0, paused of node 0: key "2025" is not in the keyring`)
		without.shutdown(t)

		with := start(t, encode(t, inner, "2026", "2025"))
		require.NoError(t, with.Apply(t.Context(), id, saga.Resume(audit)))
		with.requireSucceeds(t, id)
	})
}

// Without the codec, no encoded output is passed to an action.
func TestStoreWithoutItsCodecParksTheSaga(t *testing.T) {
	for name, test := range map[string]struct {
		create codec.Config
		reason string
	}{
		"encoded DAG": {codec.Config{Codec: keyring(t, "2026")}, "invalid character"},
		"plain DAG": {
			codec.Config{Codec: keyring(t, "2026"), WritePlain: true},
			"event 0 has a payload that is not JSON: if it was encoded",
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				inner := store.NewMemory()
				first := start(t, wrap(t, inner, test.create))
				id := first.createChain(t)
				first.shutdown(t)
				second := start(t, encode(t, inner, "2026"))
				require.NoError(t, second.Apply(t.Context(), id, saga.Pause(audit)))
				second.shutdown(t)

				without := start(t, inner)
				_, err := without.Wait(t.Context(), id)
				require.ErrorIs(t, err, saga.ErrParked)
				require.ErrorContains(t, err, test.reason)
				without.shutdown(t)

				with := start(t, encode(t, inner, "2026"))
				require.NoError(t, with.Apply(t.Context(), id, saga.Resume(audit)))
				with.requireSucceeds(t, id)
			})
		})
	}
}

// forgetfulStore executes each write, but returns an error for every other one.
type forgetfulStore struct {
	store.Store
	mu     sync.Mutex
	writes int
}

var errForgotten = errors.New("no answer")

func (f *forgetfulStore) write(err error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.writes++
	if err == nil && f.writes%2 == 1 {
		return errForgotten
	}
	return err
}

func (f *forgetfulStore) Create(ctx context.Context, n store.NewSaga) error {
	return f.write(f.Store.Create(ctx, n))
}

func (f *forgetfulStore) Append(ctx context.Context, a store.Append) error {
	return f.write(f.Store.Append(ctx, a))
}

// To settle an unknown outcome, the coordinator compares decoded data:
// encrypting the same data again results in different bytes.
func TestWriteWithUnknownOutcomeHappensOnce(t *testing.T) {
	for name, open := range map[string]func(*testing.T) (store.Store, *forgetfulStore){
		"below the codec": func(t *testing.T) (store.Store, *forgetfulStore) {
			f := &forgetfulStore{Store: store.NewMemory()}
			return encode(t, f, "2026"), f
		},
		"above the codec": func(t *testing.T) (store.Store, *forgetfulStore) {
			f := &forgetfulStore{Store: encode(t, store.NewMemory(), "2026")}
			return f, f
		},
	} {
		for params, want := range map[string]map[string]int{
			"x":    {"do a": 1, "do b": 1, "do c": 1},
			"fail": {"do a": 1, "do b": 1, "do c": 1, "undo b": 1, "undo a": 1},
		} {
			t.Run(name+"/"+params, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					st, forgetful := open(t)
					p := start(t, st)
					id := saga.NewID()
					require.ErrorIs(t, p.CreateAndStart(t.Context(), id, chain(t, params)), errForgotten)
					require.NoError(t, p.CreateAndStart(t.Context(), id, chain(t, params)))
					require.ErrorIs(t, p.CreateAndStart(t.Context(), id, chain(t, "others")), saga.ErrSagaExists)
					_, err := p.Wait(t.Context(), id)
					assert.Equal(t, params == "x", err == nil, "%v", err)
					assert.Equal(t, want, p.calls)
					assert.GreaterOrEqual(t, forgetful.writes, 6, "writes are repeated")
				})
			})
		}
	}
}

// The steps are those of docs/secrets.md.
func TestRotationOfKeys(t *testing.T) {
	file := t.TempDir() + "/saga.db"
	database := openSQLite(t, file)
	var sagas []saga.ID
	step := func(name string, st store.Store) {
		t.Run(name, func(t *testing.T) {
			p := start(t, st)
			for _, id := range sagas {
				status, err := p.Status(t.Context(), id)
				require.NoError(t, err)
				require.NoError(t, status.Parked)
			}
			sagas = append(sagas, p.createChain(t))
			p.shutdown(t)
		})
	}
	step("before there are keys", database)
	step("with the first key known", wrap(t, database, codec.Config{Codec: keyring(t, "2025"), WritePlain: true}))
	step("with the first key as the current one", encode(t, database, "2025"))
	step("with the new key known", encode(t, database, "2025", "2026"))

	t.Run("while only some programs have made the new key current", func(t *testing.T) {
		old, fresh := encode(t, database, "2025", "2026"), encode(t, database, "2026", "2025")
		requireReadable(t, old, create(t, fresh))
		requireReadable(t, fresh, create(t, old))
		require.NoError(t, deleteOwnedBy(t, database, "alice"))
	})
	step("with the new key as the current one", encode(t, database, "2026", "2025"))

	require.Equal(t, 4, countEncrypted(t, file, "2025"), "two sagas have DAGs and parameters with the old key")
	t.Run("until no data has the old key", func(t *testing.T) {
		p := start(t, encode(t, database, "2026", "2025"))
		for _, id := range sagas {
			p.requireSucceeds(t, id)
			require.NoError(t, p.Delete(t.Context(), id))
		}
		sagas = nil
		p.shutdown(t)
	})
	require.Equal(t, 0, countEncrypted(t, file, "2025"))
	step("without the old key", encode(t, database, "2026"))
	step("with plain data written again", wrap(t, database, codec.Config{Codec: keyring(t, "2026"), WritePlain: true}))

	last := start(t, wrap(t, database, codec.Config{Codec: keyring(t, "2026"), WritePlain: true}))
	require.Len(t, sagas, 2)
	for _, id := range sagas {
		last.requireSucceeds(t, id)
	}
	last.shutdown(t)
	require.Positive(t, countEncrypted(t, file, "2026"))
}

// deleteOwnedBy abandons and deletes the sagas of an owner.
func deleteOwnedBy(t *testing.T, st store.Store, owner string) error {
	t.Helper()
	records, err := st.List(t.Context(), saga.Query{})
	require.NoError(t, err)
	for _, r := range records {
		if r.Owner != owner {
			continue
		}
		a := store.Append{ID: r.ID, Generation: r.Generation, Seq: r.NextSeq, State: saga.StateAbandoned}
		err = errors.Join(err, st.Append(t.Context(), a), st.Delete(t.Context(), r.ID))
	}
	return err
}

// countEncrypted runs the query of docs/secrets.md, with the given key ID
// instead of "2025".
func countEncrypted(t *testing.T, file, id string) (n int) {
	t.Helper()
	document, err := os.ReadFile("../../../docs/secrets.md")
	require.NoError(t, err)
	_, query, found := strings.Cut(string(document), "```sql\n")
	require.True(t, found)
	query, _, _ = strings.Cut(query, "```")
	documented := fmt.Sprintf("%x", "2025")
	require.Contains(t, query, documented)
	query = strings.Replace(query, documented, fmt.Sprintf("%x", id), 1)
	require.NoError(t, openDB(t, file).QueryRow(query).Scan(&n))
	return n
}
