// Package sec is the saga execution coordinator: it runs sagas against a store.
//
//	coordinator, err := sec.New(sec.Config{Store: store, Registry: registry})
//	…
//	run, err := trip.StartBookTrip(ctx, coordinator, trip.BookTrip{Hotel: "Ritz"})
//	…
//	result, err := run.Wait(ctx)
//	…
//	err = coordinator.Shutdown(ctx)
//
// New goes on with the sagas that another coordinator on the same store has left unfinished. Programs that only
// submit sagas, or an operator's tools, use a Client: it works on the store alone, and the coordinators do the rest.
//
// # Who does what
//
// A saga has no goroutine of its own. Whoever has news for it, mostly a worker whose action has returned, attends to it if nobody
// does: takes what has come, applies it to the saga's state machine, and appends that to the log together with the start of whatever it
// makes ready, in one atomic append; and only when the store has acknowledged it, shows the new state and has the actions called that
// are due, of which it calls one itself. So at any time at most one goroutine, the attendant, has the machine and writes the log, and a chain
// of actions runs in one goroutine. The events are applied to the machine before they are durable, to know what becomes
// ready; nothing outside can see it, and if the append turns out to be impossible, the machine is thrown away.
//
// Readers see a view that the attendant publishes, under a lock that is held to copy it and no longer. So Status and Wait don't depend on
// the store while a saga runs, and Shutdown is bounded by its context whatever the store and the actions do.
//
// # Several processes
//
// Coordinators on one store share its sagas: each runs those that it owns, by a lease. An order for a saga that another
// process owns is appended to its log, with the owner's generation, and the owner called. The owner learns of it within Config.Poll, at once
// from a store that is a store.Watcher, or because its own next append is refused. It then takes the order in as if it had come before
// what it was about to write: the outcomes of its workers stand, and what would have started is considered anew.
package sec
