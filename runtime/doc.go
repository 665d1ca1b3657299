// Package saga defines distributed sagas: graphs of actions that either all
// succeed or are undone. It is the runtime of sagagen, and the vocabulary that
// generated code, coordinators and stores share.
//
// This program books a hotel and charges a card. If the charge fails, the
// booking is canceled:
//
//	hotel := saga.NewActionFunc("trip.hotel", bookHotel, cancelHotel)
//	payment := saga.NewActionFunc("trip.payment", chargeCard, refundCard)
//
//	registry := saga.NewRegistry()
//	registry.Register(nil, hotel, payment)
//	coordinator, err := sec.New(sec.Config{Registry: registry, Store: store})
//	…
//	err = coordinator.Start()
//	…
//	defer coordinator.Stop(ctx)
//
//	dag := saga.NewDAGBuilder("book-trip").
//		Append(saga.ActionNode("hotel", "BookHotel", "trip.hotel")).
//		Append(saga.ActionNode("payment", "ChargeCard", "trip.payment")).
//		MustBuild()
//	withParams, err := saga.NewSagaDAG(dag, Trip{Hotel: "Ritz"})
//	…
//	id := saga.NewID()
//	err = coordinator.CreateAndStart(ctx, id, withParams)
//	…
//	outputs, err := coordinator.Wait(ctx, id)
//
// After CreateAndStart returns nil, the saga is durable. Wait returns a
// *FailedError if the saga did not succeed. The functions look like this:
//
//	func bookHotel(ctx saga.ActionContext) (Booking, error) {
//		trip, err := saga.Params[Trip](ctx)
//		…
//	}
//
//	func cancelHotel(ctx saga.ActionContext) error {
//		booking, err := saga.Lookup[Booking](ctx, "hotel")
//		…
//	}
//
// Most programs don't write this by hand. They annotate ordinary functions with
// directives, and sagagen generates the registry, the DAGs, and typed functions
// such as StartBookTrip, which start a saga and wait for its result. Programs
// that build their DAGs at run time use this package directly. Package
// [github.com/sagagen/sagagen/runtime/sec] contains the coordinator.
//
// The directory is named runtime, but the package is named saga:
//
//	import saga "github.com/sagagen/sagagen/runtime"
//
// # Sagas
//
// A saga executes a directed acyclic graph (DAG) of nodes. Each node runs an
// action: a do function, and an undo function that compensates for it. A node
// starts when all nodes that it runs after have succeeded; independent nodes
// run in parallel. When a node fails, no further node starts, and the saga
// unwinds: the nodes that succeeded are undone in reverse order.
//
// The coordinator records every step in the saga's log, before the step and
// after it. After a crash, a coordinator recovers the saga from its log. A saga
// ends in StateSucceeded, in StateFailed (all effects are undone), or in
// StateAbandoned (by an operator). A saga with an undo that failed is in
// StateStuck until an operator resolves it.
//
// # Errors of actions
//
// An error that a do function returns means that the function changed nothing,
// so the node isn't undone. If the function can't know whether it changed
// something, it returns Indeterminate(err). A panic counts as indeterminate,
// and so does an attempt that fails after its timeout. Such a node has an
// unknown outcome: it is undone with an unknown output if its undo function
// accepts that; otherwise the saga becomes stuck.
//
// A failed attempt is repeated as the Policy of the action says, unless the
// error is marked Permanent.
//
// # Idempotency
//
// An action is called at least once for each node that runs. It is never called
// again after its result is recorded, but it is called again if the process
// crashed before that. So do and undo functions must be idempotent.
// ActionContext.IdempotencyKey returns a key for the services that they call.
package saga
