package sec

import (
	"errors"
	"fmt"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
)

// check rejects a saga that can't be created. Without a registry, the actions
// and the shapes are not checked.
func (c storeClient) check(log *saga.Log) error {
	switch {
	case log == nil:
		return errors.New("saga log is nil")
	case log.ID.IsZero():
		return errors.New("saga id is zero; make one with saga.NewID")
	}
	if log.DAG == nil || log.DAG.DAG == nil {
		return fmt.Errorf("saga %s has no DAG; make one with saga.NewSagaDAG", log.ID)
	}
	if registry := c.config.Registry; registry != nil {
		if err := registry.Check(log.DAG.DAG); err != nil {
			return err
		}
		if err := registry.CheckShapes(log.DAG); err != nil {
			return err
		}
	}
	if err := checkPayloads(log.Events); err != nil {
		return fmt.Errorf("saga %s: %w", log.ID, err)
	}
	return c.checkSize(log.DAG)
}

// checkSize rejects a saga that is larger than the configuration allows.
func (c storeClient) checkSize(dag *saga.SagaDAG) error {
	edges, config := 0, c.config
	for id := range engine.NodeID(dag.Len()) {
		edges += len(dag.Parents(id))
	}
	size := len(dag.Params())
	switch {
	case dag.Len() > config.MaxNodes:
		return fmt.Errorf("saga %q: %w: %d nodes, Config.MaxNodes is %d",
			dag.Name(), saga.ErrTooLarge, dag.Len(), config.MaxNodes)
	case edges > config.maxEdges():
		return fmt.Errorf("saga %q: %w: %d edges, at most %d are allowed with a Config.MaxNodes of %d",
			dag.Name(), saga.ErrTooLarge, edges, config.maxEdges(), config.MaxNodes)
	case size > config.MaxPayload:
		return fmt.Errorf("saga %q: %w: parameters of %d bytes, Config.MaxPayload is %d",
			dag.Name(), saga.ErrTooLarge, size, config.MaxPayload)
	case size > config.warnPayload():
		config.Logger.Warn("large parameters", "name", dag.Name(), "bytes", size)
	}
	return nil
}
