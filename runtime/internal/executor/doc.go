// Package executor implements the state machine of one saga. It is pure and
// synchronous: it has no clock, no context, no randomness, no logger and no
// goroutines. The same DAG and events always produce the same Machine.
//
// The primary state is one engine.NodeState and one output per action node. The
// events of the log, passed to Apply, are the only inputs. Everything else is
// derived: the states of the structural nodes, the state of the saga, and the
// tasks that should be in flight, which Wanted returns. So recovery needs no
// special code: a coordinator applies the log and starts the wanted tasks.
//
// The rules:
//
//   - While the saga runs forward, a pending node is wanted when all its
//     parents have succeeded.
//   - The first failure or unknown outcome makes the saga unwind. No pending
//     node starts any more. Tasks in flight run to their end, are recorded, and
//     are then undone.
//   - A node is clear when it is pending, failed or undone. While the saga
//     unwinds, a node that succeeded or has an unknown outcome is undone when
//     all its children are clear.
//   - A failed node is not undone, because its error means that it changed
//     nothing.
//   - When an undo fails, its node stays unclear, so its ancestors are not
//     undone. Independent branches are. When nothing is wanted any more, the
//     saga is stuck.
//   - A structural node succeeds with its last parent, and is undone with its
//     last child.
//
// Every prefix of a legal log is a legal log.
package executor
