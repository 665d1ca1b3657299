package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"slices"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

// refuse returns the registry with the action of a node replaced by one that fails.
func refuse(registry *saga.Registry, node saga.NodeID) *saga.Registry {
	refused := saga.NewRegistry()
	for _, name := range registry.Names() {
		action, _ := registry.Lookup(name)
		if name == BookTripDAG().Action(node) {
			action.Action = refusal{action.Action}
		}
		refused.Register(action.App, action.Action)
	}
	return refused
}

// refusal is an action that fails in place of doing anything.
type refusal struct{ saga.Action }

func (refusal) Do(saga.ActionContext) (json.RawMessage, error) {
	return nil, saga.Permanent(errors.New("refused, because of -fail"))
}

// crashingStore kills the process as soon as it is durable that a node has succeeded: the process dies with
// SIGKILL, so that nothing is tidied up.
type crashingStore struct {
	store.Store
	node saga.NodeID
}

func (s crashingStore) Append(ctx context.Context, a store.Append) error {
	err := s.Store.Append(ctx, a)
	if err == nil && slices.ContainsFunc(a.Events, func(e saga.Event) bool { return e.Node == s.node && e.Kind == saga.EventSucceeded }) {
		kill()
	}
	return err
}

// kill doesn't return.
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
