package saga

import (
	"fmt"
	"slices"

	"github.com/sagagen/sagagen/runtime/engine"
)

// Registry holds the actions of a program, by name. A program must register all
// actions before it passes the registry to a coordinator, and must not change
// it afterwards. Then it is safe for concurrent use.
type Registry struct {
	actions map[ActionName]registered
}

// registered is an action in a Registry.
type registered struct {
	Action
	// app is the application context of the action; see Registry.Register.
	app any
	// shape is the member for this action in the shapes of a SagaDAG, as in
	// `"trip.hotel":{…}`; empty if the shape is unknown.
	shape string
}

// NewRegistry returns an empty registry.
func NewRegistry() *Registry { return &Registry{actions: map[ActionName]registered{}} }

// Register adds actions that share the application context app, which they read
// with App. app may be nil. Register panics if the name of an action is invalid
// or already registered.
func (r *Registry) Register(app any, actions ...Action) {
	for _, action := range actions {
		name := action.Name()
		if err := validName(name); err != nil {
			panic(fmt.Sprintf("saga: registering an action: its name: %v", err))
		}
		if _, used := r.actions[name]; used {
			panic(fmt.Sprintf("saga: action %q is registered twice", name))
		}
		r.actions[name] = registered{Action: action, app: app, shape: encodeShape(name, action.Shape())}
	}
}

// Alias registers an action under a second name, usually the old name of a
// renamed action, which unfinished sagas still use. Alias panics if old is
// invalid or already registered, or if name is not registered.
func (r *Registry) Alias(old, name ActionName) {
	action, ok := r.actions[name]
	if !ok {
		panic(fmt.Sprintf("saga: alias %q: action %q is not registered", old, name))
	}
	if err := validName(old); err != nil {
		panic(fmt.Sprintf("saga: alias of action %q: its name: %v", name, err))
	}
	if _, used := r.actions[old]; used {
		panic(fmt.Sprintf("saga: alias %q of action %q: an action has that name", old, name))
	}
	action.shape = encodeShape(old, action.Shape())
	r.actions[old] = action
}

// Lookup returns the action with that name or alias, and the application
// context with which it was registered. It returns nil if there is none.
func (r *Registry) Lookup(name ActionName) (action Action, app any) {
	found := r.actions[name]
	return found.Action, found.app
}

// Names returns the names of all actions, sorted, without aliases.
func (r *Registry) Names() []ActionName {
	names := make([]ActionName, 0, len(r.actions))
	for name, action := range r.actions {
		if name == action.Name() {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Check returns an error that wraps ErrUnknownAction if an action of the DAG is
// not registered.
func (r *Registry) Check(dag *DAG) error {
	for i := range dag.nodes {
		n := &dag.nodes[i]
		if n.kind != engine.KindAction {
			continue
		}
		if _, ok := r.actions[n.action]; !ok {
			return fmt.Errorf("saga %q: node %q: %w: %q; register it before the coordinator starts",
				dag.name, n.path, ErrUnknownAction, n.action)
		}
	}
	return nil
}
