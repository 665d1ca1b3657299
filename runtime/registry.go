package saga

import (
	"fmt"
	"slices"
)

// Registry holds the actions that a program knows, by their names. Fill it before it is
// given to a coordinator; from then on it must not change.
type Registry struct {
	actions map[ActionName]Registered
}

// Registered is an action in a Registry.
type Registered struct {
	Action
	// App is the application context that the action was registered with.
	App any
	// shape is the action's member of the shapes of a SagaDAG, as in `"trip.hotel":{…}`; empty if it has none.
	shape string
}

// NewRegistry returns an empty registry.
func NewRegistry() *Registry { return &Registry{actions: map[ActionName]Registered{}} }

// Register adds actions. All of them find app as their application context, by App; it may
// be nil. Register panics if an action's name is not a name or is taken, as that is a mistake in the
// program which shows when it starts.
func (r *Registry) Register(app any, actions ...Action) {
	for _, action := range actions {
		name := action.Name()
		if err := validName(name); err != nil {
			panic(fmt.Sprintf("saga: registering an action: its name: %v", err))
		}
		if _, used := r.actions[name]; used {
			panic(fmt.Sprintf("saga: action %q is registered twice", name))
		}
		r.actions[name] = Registered{Action: action, App: app, shape: encodeShape(name, action.Shape())}
	}
}

// Alias lets another name lead to an action that is registered: the name that it had when sagas which are not
// finished yet were created. Alias panics like Register if old is not a name or is taken, and if there
// is no action of the second name.
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

// Lookup returns the action of that name or alias.
func (r *Registry) Lookup(name ActionName) (Registered, bool) {
	action, ok := r.actions[name]
	return action, ok
}

// Names returns the names of all actions, sorted, without the aliases.
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

// Check returns an error that wraps ErrUnknownAction if an action of the DAG is not registered.
func (r *Registry) Check(dag *DAG) error {
	for i := range dag.nodes {
		n := &dag.nodes[i]
		if n.kind != KindAction {
			continue
		}
		if _, ok := r.actions[n.action]; !ok {
			return fmt.Errorf("saga %q: node %q: %w: %q; register it before the coordinator starts",
				dag.name, n.path, ErrUnknownAction, n.action)
		}
	}
	return nil
}
