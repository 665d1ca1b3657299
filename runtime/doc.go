// Package saga is the runtime of sagagen: the vocabulary of distributed sagas.
//
// A saga is a directed acyclic graph (DAG) of nodes. Each node runs an action: a do function, and
// an undo function that takes back what it did. All nodes succeed; or those that did anything are undone, in reverse
// order. Every step is in the saga's log before and after it is taken, so that after a
// crash a saga goes on from its log.
//
// The directory is called runtime; import it by the package's name:
//
//	import saga "github.com/sagagen/sagagen/runtime"
//
// Most programs use this package through code that sagagen generates from annotated
// functions: a registry of their actions, a DAG for each saga, and typed functions that start one and wait for its
// result. A program that builds its DAGs while it runs uses NewActionFunc, Registry and DAGBuilder, and gives
// them to the same coordinator; see package sec.
//
// # Errors of actions
//
// An error that a do function returns means that nothing was changed, and nothing is undone. A do
// function that can't tell returns Indeterminate(err); a panic, and an attempt whose time is up, count as that too. Then the
// node is undone with an unknown output, if its undo function can take that; if it can't, the saga is stuck and waits for a
// person. An error marked Permanent is not tried again.
//
// # Promises
//
// An action is called at least once for each node that runs, and never again for a node once its result is
// recorded. After a crash it is called again if its result wasn't; so actions have to be idempotent, and
// ActionContext.IdempotencyKey helps them.
package saga
