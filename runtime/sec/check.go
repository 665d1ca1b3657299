package sec

import (
	"errors"
	"fmt"

	saga "github.com/sagagen/sagagen/runtime"
)

// check refuses what can't be made a saga of, here. Without a registry it isn't known which actions there are.
func (b bystander) check(log *saga.Log) error {
	if log.ID.IsZero() {
		return errors.New("saga id is zero; make one with saga.NewID")
	}
	if log.DAG == nil || log.DAG.DAG == nil {
		return fmt.Errorf("saga %s has no DAG; make one with saga.NewSagaDAG", log.ID)
	}
	if registry := b.config.Registry; registry != nil {
		if err := registry.Check(log.DAG.DAG); err != nil {
			return err
		}
		if err := registry.CheckShapes(log.DAG); err != nil {
			return err
		}
	}
	return b.checkSize(log.DAG)
}

// checkSize refuses what is larger than the coordinator's configuration allows.
func (b bystander) checkSize(dag *saga.SagaDAG) error {
	edges := 0
	for id := range saga.NodeID(dag.Len()) {
		edges += len(dag.Parents(id))
	}
	size := len(dag.Params())
	switch {
	case dag.Len() > b.config.MaxNodes:
		return fmt.Errorf("saga %q: %w: %d nodes, Config.MaxNodes is %d", dag.Name(), saga.ErrTooLarge, dag.Len(), b.config.MaxNodes)
	case edges > b.config.MaxEdges:
		return fmt.Errorf("saga %q: %w: %d edges, Config.MaxEdges is %d", dag.Name(), saga.ErrTooLarge, edges, b.config.MaxEdges)
	case size > b.config.MaxPayload:
		return fmt.Errorf("saga %q: %w: parameters of %d bytes, Config.MaxPayload is %d", dag.Name(), saga.ErrTooLarge, size, b.config.MaxPayload)
	case size > b.config.WarnPayload:
		b.config.Logger.Warn("large parameters", "name", dag.Name(), "bytes", size)
	}
	return nil
}
