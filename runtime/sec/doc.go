// Package sec is the saga execution coordinator: it runs sagas and keeps them
// in a store.
//
//	coordinator, err := sec.New(sec.Config{Store: store, Registry: registry})
//	…
//	err = coordinator.Start()
//	…
//	run, err := trip.StartBookTrip(ctx, coordinator, trip.BookTrip{Hotel: "Ritz"})
//	…
//	result, err := run.Wait(ctx)
//	…
//	err = coordinator.Stop(ctx)
//
// Start also recovers the unfinished sagas that an earlier coordinator has left
// in the store. Run does the work of both Start and Stop: it stops when its
// context ends. A program that only submits sagas, or a tool for operators,
// uses a Client, which needs only the store; coordinators in other processes
// run the sagas.
//
// # Goroutines
//
// A saga in memory is an execution. It has no goroutine of its own, but a
// mailbox. The first goroutine that posts to a mailbox without a driver
// schedules one; a worker that reports an outcome becomes the driver itself. At
// any time at most one goroutine drives a saga, and only the driver uses the
// saga's state machine and appends to its log:
//
//	callers             workers             poller, Stop,
//	Apply,              an action           lease.Keeper,
//	StartCreated        returned            admission.Admission
//	   │ request            │ outcome           │ wake, admit
//	   └────────────────────┼───────────────────┘
//	                        ▼
//	     ┌──────────────────────────────────────┐
//	     │ mailbox.Mailbox of an execution      │  posting never blocks
//	     └──────────────────┬───────────────────┘
//	                        ▼
//	     ┌──────────────────────────────────────┐
//	     │ driver: a goroutine of workpool.Pool │
//	     │  1. apply the mail to the machine    │
//	     │  2. append all new events at once ───┼──▶ store
//	     │  3. publish a snapshot, answer ──────┼──▶ Status, Wait, callers
//	     │     requests, queue observations ────┼──▶ delivery.Queue
//	     │  4. dispatch the runnable tasks      │
//	     └──────────────────┬───────────────────┘
//	                        │ one task stays in this goroutine
//	                        ▼
//	     ┌──────────────────────────────────────┐
//	     │ workers: goroutines of workpool.Pool │
//	     │  acquire each fairsem.Semaphore, call│
//	     │  the action by attempt.Attempt, retry│
//	     │  report the outcome ─────────────────┼──▶ mailbox.Mailbox
//	     └──────────────────────────────────────┘
//
// The machine is an executor.Machine. A name with a dot, such as workpool.Pool,
// is in an internal package of this package or of package saga.
//
// One append holds the outcomes that have arrived and the starts of the tasks
// that they make runnable. The driver applies events to the machine before they
// are durable, to find out what becomes runnable. Only the driver sees this
// state. Only when the store has acknowledged the append does the driver
// publish it and dispatch the tasks. If the append is impossible, the machine
// is discarded. The goroutine of the driver then runs one of the tasks, so that
// a chain of actions runs in one goroutine.
//
// Readers see the published snapshot, under a lock that is held only to copy
// it. So Status and Wait don't depend on the store while a saga runs, and Stop
// is bounded by its context, whatever the store and the actions do.
//
// Each coordinator also has these goroutines:
//
//	poll.Poller.Run        calls poll, which claims and recovers sagas, hands
//	                       off those that it can't run, and handles
//	                       notifications
//	poll.Poller.Watch      wakes the poller, if the store can watch
//	lease.Keeper           renews the leases, if there are any
//	retention.Cleaner.Run  deletes finished sagas, if Config.Retention says so
//	delivery.Queue.Run     calls the observer
//
// # Several processes
//
// Coordinators on one store share its sagas. Each of them runs the sagas that
// it owns by a lease. An operator command for a saga that another process owns
// is appended to the saga's log with the owner's generation, and the owner is
// notified. The owner finds the command at its next poll, at once if the store
// can watch, or when the store refuses its next append. It then rebases: it
// puts the command before the events that it was about to append. The outcomes
// of its tasks are kept, and the machine decides again which tasks to start.
package sec
