package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/sagagen/sagagen/examples/orders/order"
	"github.com/sagagen/sagagen/internal/pgtest"
	saga "github.com/sagagen/sagagen/runtime"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

// onBoth runs a test on both databases.
func onBoth(t *testing.T, test func(*testing.T, *Ledger)) {
	t.Run("SQLite", func(t *testing.T) {
		db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "ledger.db"))
		require.NoError(t, err)
		defer db.Close()
		db.SetMaxOpenConns(1)
		l, err := Open(t.Context(), db, 0)
		require.NoError(t, err)
		test(t, l)
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		schema := pgtest.Schema(t)
		pool := pgtest.Pool(t, pgtest.URL(t), func(c *pgxpool.Config) {
			c.ConnConfig.RuntimeParams["search_path"] = schema
			c.MaxConns = 8
		})
		_, err := pool.Exec(t.Context(), "CREATE SCHEMA "+schema)
		require.NoError(t, err)
		db := stdlib.OpenDBFromPool(pool)
		defer db.Close()
		l, err := Open(t.Context(), db, 0)
		require.NoError(t, err)
		test(t, l)
	})
}

func newRequest(node string) order.Request {
	id := saga.NewID()
	return order.Request{Key: fmt.Sprintf("%s/%s/do", id, node), Order: id}
}

func (l *Ledger) onHand(t *testing.T, sku string) (n int64) {
	t.Helper()
	require.NoError(t, l.db.QueryRowContext(t.Context(), "SELECT on_hand FROM shop_stock WHERE sku = $1", sku).Scan(&n))
	return n
}

func TestRepeatedRequestIsServedOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, l *Ledger) {
		ctx := t.Context()
		r, tea := newRequest("reserve"), []order.Item{{SKU: "tea", Quantity: 3}, {SKU: "cup", Quantity: 1}}
		before := l.onHand(t, "tea")
		first, err := l.Reserve(ctx, r, tea)
		require.NoError(t, err)
		again, err := l.Reserve(ctx, r, tea)
		require.NoError(t, err)
		assert.Equal(t, first, again)
		assert.Equal(t, before-3, l.onHand(t, "tea"))

		require.NoError(t, l.Release(ctx, r, tea))
		require.NoError(t, l.Release(ctx, r, tea))
		assert.Equal(t, before, l.onHand(t, "tea"))
		effects, err := l.Effects(ctx, r.Order)
		require.NoError(t, err)
		require.Len(t, effects, 2)
		for _, e := range effects {
			assert.Equal(t, [2]int64{2, 2}, [2]int64{e.Done, e.Undone})
		}
	})
}

func TestRequestAfterItsUndoIsRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, l *Ledger) {
		ctx := t.Context()
		items := []order.Item{{SKU: "tea", Quantity: 3}}
		before := l.onHand(t, "tea")
		for name, late := range map[string]func(order.Request) (undo, do error){
			"reservation": func(r order.Request) (error, error) {
				undo := l.Release(ctx, r, items)
				_, err := l.Reserve(ctx, r, items)
				return undo, err
			},
			"authorization": func(r order.Request) (error, error) {
				undo := l.Void(ctx, r)
				_, err := l.Authorize(ctx, r, "4929", 1)
				return undo, err
			},
			"capture": func(r order.Request) (error, error) {
				undo := l.Refund(ctx, r)
				_, err := l.Capture(ctx, r, "1", 1)
				return undo, err
			},
			"shipment": func(r order.Request) (error, error) {
				undo := l.Recall(ctx, r)
				_, err := l.Ship(ctx, r, "island")
				return undo, err
			},
		} {
			r := newRequest(name)
			undo, do := late(r)
			require.NoError(t, undo, name)
			assert.ErrorContains(t, do, "the request arrived after its undo", name)
			assert.ErrorAs(t, do, new(*order.Refusal), name)
			effects, err := l.Effects(ctx, r.Order)
			require.NoError(t, err)
			require.Len(t, effects, 1)
			assert.Equal(t, [2]int64{0, 1}, [2]int64{effects[0].Done, effects[0].Undone}, name)
		}
		assert.Equal(t, before, l.onHand(t, "tea"))
	})
}

func TestReservationIsAllOrNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, l *Ledger) {
		r := newRequest("reserve")
		before := l.onHand(t, "tea")
		_, err := l.Reserve(t.Context(), r, []order.Item{{SKU: "tea", Quantity: 1}, {SKU: "anvil", Quantity: 1}})
		require.ErrorAs(t, err, new(*order.Refusal))
		_, err = l.Reserve(t.Context(), r, []order.Item{{SKU: "tea", Quantity: 1}, {SKU: "unicorn", Quantity: 1}})
		require.ErrorAs(t, err, new(*order.Refusal))
		assert.Equal(t, before, l.onHand(t, "tea"))
		effects, err := l.Effects(t.Context(), r.Order)
		require.NoError(t, err)
		assert.Empty(t, effects)
		_, err = l.Quote(t.Context(), []order.Item{{SKU: "unicorn", Quantity: 1}})
		assert.EqualError(t, err, `the warehouse refuses: no such article: "unicorn"`)
	})
}

// Requests and their undos arrive concurrently. This happens if a coordinator
// doesn't know yet that another one has taken over its sagas.
func TestConcurrentRequestAndUndoLeaveNoEffect(t *testing.T) {
	onBoth(t, func(t *testing.T, l *Ledger) {
		before := l.onHand(t, "tea")
		items := []order.Item{{SKU: "tea", Quantity: 1}, {SKU: "cup", Quantity: 2}}
		var all sync.WaitGroup
		for range 50 {
			r := newRequest("reserve")
			for range 2 {
				all.Go(func() {
					if _, err := l.Reserve(context.Background(), r, items); err != nil {
						assert.ErrorAs(t, err, new(*order.Refusal))
					}
				})
				all.Go(func() { assert.NoError(t, l.Release(context.Background(), r, items)) })
			}
		}
		all.Wait()
		assert.Equal(t, before, l.onHand(t, "tea"))
	})
}

func TestLedgerCanBeOpenedConcurrently(t *testing.T) {
	schema := pgtest.Schema(t)
	pool := pgtest.Pool(t, pgtest.URL(t), func(c *pgxpool.Config) {
		c.ConnConfig.RuntimeParams["search_path"] = schema
		c.MaxConns = 8
	})
	_, err := pool.Exec(t.Context(), "CREATE SCHEMA "+schema)
	require.NoError(t, err)
	db := stdlib.OpenDBFromPool(pool)
	defer db.Close()
	errs := make(chan error, 8)
	for range cap(errs) {
		go func() {
			_, err := Open(context.Background(), db, 0)
			errs <- err
		}()
	}
	for range cap(errs) {
		assert.NoError(t, <-errs)
	}
}

func TestCanceledRequestHasNoEffect(t *testing.T) {
	onBoth(t, func(t *testing.T, l *Ledger) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		r := newRequest("ship")
		_, err := l.Ship(ctx, r, "1 High St")
		assert.True(t, errors.Is(err, context.Canceled))
		effects, err := l.Effects(t.Context(), r.Order)
		require.NoError(t, err)
		assert.Empty(t, effects)
	})
}

// A request waits while the database is unavailable. If its context expires
// before, the error has the cause.
func TestServiceWaitsForUnavailableDatabase(t *testing.T) {
	server := pgtest.Start(t)
	db := stdlib.OpenDBFromPool(pgtest.Pool(t, server.URL))
	defer db.Close()
	l, err := Open(t.Context(), db, 0)
	require.NoError(t, err)
	require.NoError(t, server.Stop("QUIT"))

	short, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	r := newRequest("authorize")
	_, err = l.Authorize(short, r, "4929", 100)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.NotEqual(t, context.DeadlineExceeded.Error(), err.Error(), "the error has the error of the database")

	responded := make(chan error, 1)
	go func() {
		_, err := l.Authorize(t.Context(), r, "4929", 100)
		responded <- err
	}()
	require.NoError(t, server.Restart())
	require.NoError(t, <-responded)
	effects, err := l.Effects(t.Context(), r.Order)
	require.NoError(t, err)
	require.Len(t, effects, 1)
	assert.EqualValues(t, 1, effects[0].Done)
}
