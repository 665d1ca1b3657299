package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"slices"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/store"
)

// withFailingNode returns a copy of registry in which the action of a node
// always fails.
func withFailingNode(registry *saga.Registry, node saga.NodePath) *saga.Registry {
	dag := BookTripDAG()
	id, err := dag.Find(node)
	if err != nil {
		panic(err) // parse has found the node
	}
	failing := saga.NewRegistry()
	for _, name := range registry.Names() {
		action, app := registry.Lookup(name)
		if name == dag.Action(id) {
			action = failingAction{action}
		}
		failing.Register(app, action)
	}
	return failing
}

// failingAction replaces the do function of an action by one that fails.
type failingAction struct{ saga.Action }

func (failingAction) Do(saga.ActionContext) (json.RawMessage, error) {
	return nil, saga.Permanent(errors.New("refused because of -fail"))
}

// crashingStore kills the process with SIGKILL as soon as the success of a node
// is durable. No deferred function runs.
type crashingStore struct {
	store.Store
	node saga.NodePath
}

func (s crashingStore) Append(ctx context.Context, a store.Append) error {
	err := s.Store.Append(ctx, a)
	if err == nil && slices.ContainsFunc(a.Events, s.isSuccess) {
		kill()
	}
	return err
}

func (s crashingStore) isSuccess(e engine.Event) bool {
	return e.Kind == engine.EventSucceeded && BookTripDAG().Path(e.Node) == s.node
}

// kill kills this process. It never returns.
func kill() {
	process, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = process.Kill()
	}
	if err != nil {
		panic(err)
	}
	select {}
}
