// Package executor is the state machine of one saga: pure and synchronous. It has no clock,
// no context, no randomness, no logger and no goroutine; the same DAG and events always
// give the same Machine.
//
// The only primary state is one saga.NodeState for each action node, and its output. The events of the
// log are the only inputs, given to Apply. All else follows: the states of the structural nodes, the state of
// the saga, and what ought to be in flight now, which Wanted tells. So recovery is no
// code of its own: apply the log, and go on with what is wanted.
//
// The rules:
//
//   - Forward, a pending node is wanted when all its parents have succeeded.
//   - The first failure, or unknown outcome, makes the saga unwind: no pending node starts any
//     more. What is in flight runs to its end, is recorded, and is then undone.
//   - A node is clear when it is pending, failed or undone. Unwinding, a node that succeeded, or
//     whose outcome is unknown, is wanted to be undone when all its children are clear.
//   - A failed node is not undone: its error means that it changed nothing.
//   - When an undo fails, its node stays unclear, and so what it depends on stays done; independent
//     branches are still undone. When nothing is wanted any more, the saga is stuck.
//   - A structural node succeeds with its last parent, and is undone with its last child.
//
// Every prefix of a legal log is a legal log.
package executor
