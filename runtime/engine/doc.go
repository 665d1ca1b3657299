// Package engine defines what engines, stores and tools share: the nodes of a
// DAG by number, their kinds and states, and the events in the log of a saga.
// This program prints the log of a saga:
//
//	status, err := coordinator.Status(ctx, id)
//	…
//	for _, event := range status.Events {
//		node := status.Nodes[event.Node]
//		fmt.Println(event.At, event.Kind, node.Path, node.State)
//	}
//
// Engines, such as package sec, append events to logs. Stores record them. A
// program that only starts sagas doesn't need this package.
package engine
