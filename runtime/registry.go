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
		r.actions[name] = Registered{Action: action, App: app}
	}
}

// Lookup returns the action of that name.
func (r *Registry) Lookup(name ActionName) (Registered, bool) {
	action, ok := r.actions[name]
	return action, ok
}

// Names returns the names of all actions, sorted.
func (r *Registry) Names() []ActionName {
	names := make([]ActionName, 0, len(r.actions))
	for name := range r.actions {
		names = append(names, name)
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
