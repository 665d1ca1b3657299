package saga_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	saga "github.com/sagagen/sagagen/runtime"
)

func noop(name saga.ActionName) saga.Action {
	return saga.NewActionFunc(name, func(saga.ActionContext) (saga.None, error) { return saga.None{}, nil }, nil)
}

func TestRegistryFindsActionsByName(t *testing.T) {
	r := saga.NewRegistry()
	r.Register("app", noop("b"), noop("a"))
	r.Register(nil, noop("c"))

	a, app := r.Lookup("a")
	assert.Equal(t, saga.ActionName("a"), a.Name())
	assert.Equal(t, "app", app)
	c, app := r.Lookup("c")
	assert.NotNil(t, c)
	assert.Nil(t, app)
	d, _ := r.Lookup("d")
	assert.Nil(t, d)
	assert.Equal(t, []saga.ActionName{"a", "b", "c"}, r.Names())
}

func TestInvalidRegistrationPanics(t *testing.T) {
	r := saga.NewRegistry()
	r.Register(nil, noop("a"))
	assert.PanicsWithValue(t, `saga: action "a" is registered twice`, func() { r.Register("app", noop("a")) })
	assert.PanicsWithValue(t, `saga: registering an action: its name: it is empty`,
		func() { r.Register(nil, noop("")) })
	assert.PanicsWithValue(t,
		`saga: registering an action: its name: "a/b" contains '/', which is reserved`,
		func() { r.Register(nil, noop("a/b")) })
}

func TestCheckNamesTheUnknownAction(t *testing.T) {
	r := saga.NewRegistry()
	r.Register(nil, noop("pick"), noop("sum"), noop("last"))
	err := r.Check(nestedDAG(t))
	assert.ErrorIs(t, err, saga.ErrUnknownAction)
	assert.EqualError(t, err,
		`saga "nested": node "outer/inner/deep": unknown action: "deep"; register it before the coordinator starts`)

	r.Register(nil, noop("deep"))
	assert.NoError(t, r.Check(nestedDAG(t)))
}
