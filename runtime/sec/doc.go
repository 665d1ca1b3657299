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
// New goes on with the sagas that another coordinator on the same store has left unfinished.
//
// # Who does what
//
// One goroutine owns each saga that runs: it alone has its state machine and writes its log. For
// every call of an action it starts another goroutine, a worker, which makes the attempts and sends the
// outcome back. The owner appends that to the log together with the start of whatever it
// makes ready, in one atomic append; and only when the store has acknowledged it, the owner shows the new state and starts
// the workers. It applies the events to its own machine before that, to know what becomes
// ready; nothing outside can see it, and if the append turns out to be impossible, the machine is thrown away.
//
// Readers see a view that the owner publishes with an atomic pointer. So Status and Wait don't depend on
// the store while a saga runs, and Shutdown is bounded by its context whatever the store and the actions do.
package sec
