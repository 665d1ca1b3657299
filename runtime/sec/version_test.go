package sec_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/sec"
	"github.com/sagagen/sagagen/runtime/store"
)

// The tests of this file start a saga with one version of a program, and resume
// it with the next version. The saga "stay" has the nodes hotel, pause and
// bill. Its bill takes the output of hotel. The next version finds it in pause.

// hotelV1 is the output of hotel in the first version.
type hotelV1 struct {
	Beds int64
	City string
}

const shapeHotelV1 = `{"Beds":int64,"City":string}`

func stayV1() *saga.DAG { return stay("trip.hotel", "trip.bill") }

func stay(hotel, bill saga.ActionName, more ...saga.Node) *saga.DAG {
	b := saga.NewDAGBuilder("stay").
		Append(saga.ActionNode("hotel", "", hotel, saga.Bind("trip", saga.FromParams))).
		Append(saga.ActionNode("pause", "", "trip.pause")).
		Append(saga.ActionNode("bill", "", bill, saga.Bind("hotel", "hotel")))
	for _, n := range more {
		b.Append(n)
	}
	return b.MustBuild()
}

// producer returns an action whose output is out.
func producer[Out any](w *world, name saga.ActionName, shape string, out Out) saga.Action {
	return saga.NewAction(saga.ActionSpec[saga.None, Out]{
		Name:  name,
		Shape: saga.Shape{Output: shape},
		Do:    func(ctx saga.ActionContext, _ saga.None) (Out, error) { return out, w.act(ctx) },
		Undo: func(ctx saga.ActionContext, _ saga.None, out Out) error {
			w.record(out)
			return w.act(ctx)
		},
	})
}

type billInputs[T any] struct {
	Hotel T `saga:"hotel"`
}

// consumer returns an action that takes the output of hotel.
func consumer[T any](w *world, name saga.ActionName, shape string) saga.Action {
	return saga.NewAction(saga.ActionSpec[billInputs[T], saga.None]{
		Name:  name,
		Shape: saga.Shape{Inputs: saga.Shapes{"hotel": shape}},
		Do: func(ctx saga.ActionContext, in billInputs[T]) (saga.None, error) {
			w.record(in.Hotel)
			return saga.None{}, w.act(ctx)
		},
	})
}

// record adds the input of an action to the history.
func (w *world) record(data any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.history = append(w.history, fmt.Sprintf("%+v", data))
}

// version returns the registry of a version of the program. All versions have
// the action trip.pause.
func version(w *world, actions ...saga.Action) *saga.Registry {
	r := saga.NewRegistry()
	pause := func(ctx saga.ActionContext) (saga.None, error) { return saga.None{}, w.act(ctx) }
	r.Register(w, saga.NewActionFunc("trip.pause", pause, nil))
	r.Register(w, actions...)
	return r
}

func version1(w *world) *saga.Registry {
	return version(w,
		producer(w, "trip.hotel", shapeHotelV1, hotelV1{2, "Rome"}),
		consumer[hotelV1](w, "trip.bill", shapeHotelV1),
	)
}

// interrupted returns a saga whose coordinator, with the registry of program,
// was interrupted in its node pause.
func interrupted(t *testing.T, st store.Store, program func(*world) *saga.Registry, dag *saga.DAG) saga.ID {
	t.Helper()
	w := newWorld()
	w.on("do pause", func(ctx saga.ActionContext) error { <-ctx.Done(); return ctx.Err() })
	c, err := sec.New(sec.Config{Store: st, Registry: program(w), Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	require.NoError(t, c.Start())
	id := saga.NewID()
	require.NoError(t, c.CreateAndStart(t.Context(), id, staying(t, dag)))
	synctest.Wait()
	killed, kill := context.WithCancel(t.Context())
	kill()
	require.ErrorIs(t, c.Stop(killed), context.Canceled)
	synctest.Wait()
	require.Equal(t, []string{"hotel started", "hotel succeeded", "pause started"}, storedKinds(t, st, id))
	return id
}

// staying returns a saga of dag with its parameters.
func staying(t *testing.T, dag *saga.DAG) *saga.SagaDAG {
	t.Helper()
	d, err := saga.NewSagaDAG(dag, "Rome")
	require.NoError(t, err)
	return d
}

// inBubble runs a test with a store and a world in a synctest bubble.
func inBubble(t *testing.T, test func(t *testing.T, st store.Store, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, store.NewMemory(), newWorld()) })
}

type hotelText struct{ Beds, City string }

const shapeHotelText = `{"Beds":string,"City":string}`

// versionText has changed a type in a way that old data doesn't fit.
func versionText(w *world) *saga.Registry {
	return version(w,
		producer(w, "trip.hotel", shapeHotelText, hotelText{"two", "Rome"}),
		consumer[hotelText](w, "trip.bill", shapeHotelText),
	)
}

func TestIncompatibleSagaIsParkedAndDoesNotBlockOthers(t *testing.T) {
	inBubble(t, func(t *testing.T, st store.Store, w *world) {
		old := interrupted(t, st, version1, stayV1())
		c := openWith(t, st, versionText(w))
		_, _, err := run(t, c, staying(t, stayV1()))
		require.NoError(t, err)
		assert.Equal(t, []string{"do hotel", "do pause", "{Beds:two City:Rome}", "do bill"}, w.calls(),
			"only the new saga makes calls")

		_, err = c.Wait(t.Context(), old)
		require.ErrorIs(t, err, saga.ErrParked)
		require.ErrorIs(t, err, saga.ErrIncompatible)
		assert.EqualError(t, err, fmt.Sprintf(`saga %s: saga is parked: `, old)+
			`saga "stay" is incompatible with action "trip.hotel": `+
			`node "hotel": output.Beds: was int64, is string`)
		var incompatible *saga.IncompatibleError
		require.ErrorAs(t, err, &incompatible)
		assert.Equal(t, saga.NodePath("hotel"), incompatible.Node)

		status, err := c.Status(t.Context(), old)
		require.NoError(t, err)
		assert.ErrorIs(t, status.Parked, saga.ErrIncompatible)
		assert.Equal(t, saga.StateRunning, status.State)
		assert.Len(t, status.Events, 3, "its log is unchanged")
	})
}

func TestParkedSagaRunsWhenCompatibleCodeIsRegistered(t *testing.T) {
	inBubble(t, func(t *testing.T, st store.Store, w *world) {
		old := interrupted(t, st, version1, stayV1())
		parking, err := sec.New(sec.Config{Store: st, Registry: versionText(w), Logger: slog.New(slog.DiscardHandler)})
		require.NoError(t, err)
		require.NoError(t, parking.Start())
		_, err = parking.Wait(t.Context(), old)
		require.ErrorIs(t, err, saga.ErrIncompatible)
		require.NoError(t, parking.Stop(t.Context()))
		require.Empty(t, w.calls())

		_, err = openWith(t, st, version1(w)).Wait(t.Context(), old)
		require.NoError(t, err)
		assert.Equal(t, []string{"do pause", "{Beds:2 City:Rome}", "do bill"}, w.calls())
	})
}

func TestAddedOptionalFieldIsCompatible(t *testing.T) {
	type hotel struct {
		Beds int64
		City string
		View string `json:",omitempty"`
	}
	const shape = `{"Beds":int64,"City":string,"View"?:string}`
	inBubble(t, func(t *testing.T, st store.Store, w *world) {
		old := interrupted(t, st, version1, stayV1())
		w.fail("do bill")
		c := openWith(t, st, version(w,
			producer(w, "trip.hotel", shape, hotel{}),
			consumer[hotel](w, "trip.bill", shape),
		))
		_, err := c.Wait(t.Context(), old)
		assert.Equal(t, saga.StateFailed, failedError(t, err).State)
		assert.Equal(t, []string{
			"do pause", "{Beds:2 City:Rome View:}", "do bill", "{Beds:2 City:Rome View:}", "undo hotel",
		}, w.calls())
	})
}

func TestRemovedFieldIsCompatible(t *testing.T) {
	type hotel struct{ Beds int64 }
	inBubble(t, func(t *testing.T, st store.Store, w *world) {
		old := interrupted(t, st, version1, stayV1())
		c := openWith(t, st, version(w,
			producer(w, "trip.hotel", `{"Beds":int64}`, hotel{}),
			consumer[hotel](w, "trip.bill", `{"Beds":int64}`),
		))
		_, err := c.Wait(t.Context(), old)
		require.NoError(t, err)
		assert.Contains(t, w.calls(), "{Beds:2}")
	})
}

func TestRenamedFieldKeepsItsJSONName(t *testing.T) {
	type hotel struct {
		Sleeps int64 `json:"Beds"`
		City   string
	}
	inBubble(t, func(t *testing.T, st store.Store, w *world) {
		old := interrupted(t, st, version1, stayV1())
		c := openWith(t, st, version(w,
			producer(w, "trip.hotel", shapeHotelV1, hotel{}),
			consumer[hotel](w, "trip.bill", shapeHotelV1),
		))
		_, err := c.Wait(t.Context(), old)
		require.NoError(t, err)
		assert.Contains(t, w.calls(), "{Sleeps:2 City:Rome}")
	})
}

func TestReplacedFieldTakesTwoReleases(t *testing.T) {
	type both struct {
		Beds   int64
		City   string
		Sleeps int64 `json:",omitempty"`
	}
	const shapeBoth = `{"Beds":int64,"City":string,"Sleeps"?:int64}`
	withBoth := func(w *world) *saga.Registry {
		return version(w,
			producer(w, "trip.hotel", shapeBoth, both{2, "Rome", 2}),
			consumer[both](w, "trip.bill", shapeBoth),
		)
	}
	type replaced struct {
		City   string
		Sleeps int64 `json:",omitempty"`
	}
	const shapeReplaced = `{"City":string,"Sleeps"?:int64}`
	withReplaced := func(w *world) *saga.Registry {
		return version(w,
			producer(w, "trip.hotel", shapeReplaced, replaced{}),
			consumer[replaced](w, "trip.bill", shapeReplaced),
		)
	}
	inBubble(t, func(t *testing.T, st store.Store, w *world) {
		first := interrupted(t, st, version1, stayV1())
		second := interrupted(t, st, withBoth, stayV1())
		c := openWith(t, st, withReplaced(w))
		_, err := c.Wait(t.Context(), second)
		require.NoError(t, err)
		assert.Contains(t, w.calls(), "{City:Rome Sleeps:2}")
		_, err = c.Wait(t.Context(), first)
		assert.ErrorIs(t, err, saga.ErrParked, "the saga is older than the first release")
		assert.ErrorContains(t, err, `node "hotel": output.Beds: is gone, and "Sleeps" is new`)
	})
}

func TestRenamedActionIsFoundByItsAlias(t *testing.T) {
	inBubble(t, func(t *testing.T, st store.Store, w *world) {
		old := interrupted(t, st, version1, stayV1())
		w.fail("do bill")
		r := version(w,
			producer(w, "trip.lodging", shapeHotelV1, hotelV1{}),
			consumer[hotelV1](w, "trip.bill", shapeHotelV1),
		)
		r.Alias("trip.hotel", "trip.lodging")
		c := openWith(t, st, r)
		_, err := c.Wait(t.Context(), old)
		assert.Equal(t, saga.StateFailed, failedError(t, err).State)
		assert.Equal(t, []string{
			"do pause", "{Beds:2 City:Rome}", "do bill", "{Beds:2 City:Rome}", "undo hotel",
		}, w.calls())
	})
}

func TestAddedActionIsForNewSagas(t *testing.T) {
	inBubble(t, func(t *testing.T, st store.Store, w *world) {
		old := interrupted(t, st, version1, stayV1())
		dag := stay("trip.hotel", "trip.bill", saga.ActionNode("mail", "", "trip.mail"))
		r := version1(w)
		r.Register(w, consumer[hotelV1](w, "trip.mail", shapeHotelV1))
		c := openWith(t, st, r)
		assert.ErrorIs(t, c.CreateAndStart(t.Context(), old, staying(t, dag)), saga.ErrSagaExists, "the DAG differs")
		_, err := c.Wait(t.Context(), old)
		require.NoError(t, err)
		assert.Zero(t, w.count("do mail"))
		_, _, err = run(t, c, staying(t, dag))
		require.NoError(t, err)
		assert.Equal(t, 1, w.count("do mail"))
	})
}

func TestRemovedActionStaysRegisteredForOldSagas(t *testing.T) {
	inBubble(t, func(t *testing.T, st store.Store, w *world) {
		first := interrupted(t, st, version1, stayV1())
		dag := saga.NewDAGBuilder("stay").Append(saga.ActionNode("hotel", "", "trip.hotel")).MustBuild()

		tooEarly, err := sec.New(sec.Config{Store: st, Logger: slog.New(slog.DiscardHandler),
			Registry: version(w, producer(w, "trip.hotel", shapeHotelV1, hotelV1{}))})
		require.NoError(t, err)
		require.NoError(t, tooEarly.Start())
		_, err = tooEarly.Wait(t.Context(), first)
		require.ErrorIs(t, err, saga.ErrParked)
		require.ErrorContains(t, err, `node "bill": unknown action: "trip.bill"`)
		require.NoError(t, tooEarly.Stop(t.Context()))

		c := openWith(t, st, version1(w))
		_, err = c.Wait(t.Context(), first)
		require.NoError(t, err)
		assert.Equal(t, 1, w.count("do bill"))
		_, _, err = run(t, c, staying(t, dag))
		require.NoError(t, err)
		assert.Equal(t, 1, w.count("do bill"), "new sagas don't call it")
	})
}

func TestChangedActionGetsANewName(t *testing.T) {
	inBubble(t, func(t *testing.T, st store.Store, w *world) {
		old := interrupted(t, st, version1, stayV1())
		r := version1(w)
		r.Register(w,
			producer(w, "trip.hotel2", shapeHotelText, hotelText{"two", "Rome"}),
			consumer[hotelText](w, "trip.bill2", shapeHotelText),
		)
		c := openWith(t, st, r)
		_, err := c.Wait(t.Context(), old)
		require.NoError(t, err)
		_, _, err = run(t, c, staying(t, stay("trip.hotel2", "trip.bill2")))
		require.NoError(t, err)
		assert.Equal(t, []string{
			"do pause", "{Beds:2 City:Rome}", "do bill",
			"do hotel", "do pause", "{Beds:two City:Rome}", "do bill",
		}, w.calls())
	})
}

func TestRenamedNodeKeepsItsNameInOldSagas(t *testing.T) {
	inBubble(t, func(t *testing.T, st store.Store, w *world) {
		old := interrupted(t, st, version1, stayV1())
		c := openWith(t, st, version1(w))
		outputs, err := c.Wait(t.Context(), old)
		require.NoError(t, err)
		hotel, err := saga.OutputOf[hotelV1](outputs, "hotel")
		require.NoError(t, err)
		assert.Equal(t, hotelV1{2, "Rome"}, hotel)

		var result struct {
			Lodging hotelV1 `saga:"lodging"`
		}
		assert.ErrorIs(t, outputs.Decode(&result), saga.ErrNodeNotFound,
			"a result type with the new names doesn't fit old sagas")
		dag := saga.NewDAGBuilder("stay").
			Append(saga.ActionNode("lodging", "", "trip.hotel")).
			Append(saga.ActionNode("bill", "", "trip.bill", saga.Bind("hotel", "lodging"))).MustBuild()
		_, outputs, err = run(t, c, staying(t, dag))
		require.NoError(t, err)
		require.NoError(t, outputs.Decode(&result))
		assert.Equal(t, hotelV1{2, "Rome"}, result.Lodging)
	})
}

func TestRenamedInputIsParked(t *testing.T) {
	type inputs struct {
		Lodging hotelV1 `saga:"lodging"`
	}
	inBubble(t, func(t *testing.T, st store.Store, w *world) {
		old := interrupted(t, st, version1, stayV1())
		c := openWith(t, st, version(w, producer(w, "trip.hotel", shapeHotelV1, hotelV1{}),
			saga.NewAction(saga.ActionSpec[inputs, saga.None]{
				Name:  "trip.bill",
				Shape: saga.Shape{Inputs: saga.Shapes{"lodging": shapeHotelV1}},
				Do:    func(saga.ActionContext, inputs) (saga.None, error) { return saga.None{}, errors.New("called") },
			})))
		_, err := c.Wait(t.Context(), old)
		require.ErrorIs(t, err, saga.ErrParked)
		assert.ErrorContains(t, err, `node "bill": input.lodging: is new, and no node of this saga provides it`)
	})
}

func TestImportRejectsAnIncompatibleLog(t *testing.T) {
	inBubble(t, func(t *testing.T, st store.Store, w *world) {
		old := interrupted(t, st, version1, stayV1())
		c := openWith(t, st, version1(newWorld()))
		_, err := c.Wait(t.Context(), old)
		require.NoError(t, err)
		status, err := c.Status(t.Context(), old)
		require.NoError(t, err)
		log := &saga.Log{ID: saga.NewID(), DAG: status.DAG, Events: status.Events[:3]}

		other := openWith(t, store.NewMemory(), versionText(w))
		assert.ErrorIs(t, other.Import(t.Context(), log), saga.ErrIncompatible)
		assert.Empty(t, w.calls())
	})
}
