// Package groupcommit commits the requests of many callers in batches. The
// database stores use it: a commit waits for the disk once, however many
// requests share it.
//
//	callers                 Committer                          database
//
//	Submit ──┐                         ┌─ worker ─ Connect ─┐
//	Submit ──┼──► queue, oldest first ─┤           Commit   ├──► transaction
//	Submit ──┘                         └─ worker ─ Release ─┘
//	   ▲                                     │
//	   └────────────── results ──────────────┘
//
// A worker is a goroutine of the Committer. It takes a connection, and then a
// batch: the requests that wait at that moment, up to the limits. So a request
// that arrives alone waits for no other, and the requests that arrive while the
// workers are busy share the next transaction. A batch and its connection
// belong to one worker. Callers and workers share only the queue and the fields
// that the mutex of the Committer guards.
//
// Order: a batch takes the oldest requests first. No request goes before an
// older one because it is smaller. There are two exceptions. Requests with
// First set go before all others. And a request of a saga that has another one
// in flight waits until that one has its result; requests of other sagas go
// before it.
//
// A caller whose context ends stops waiting. If its request is still in the
// queue, the request is removed and has no effect. If it is in flight, its
// outcome is unknown, since others may depend on the transaction. The context
// of the transaction ends abandonGrace after the last of its callers has left.
//
// A batch that fails fails for all its callers, with two exceptions that the
// driver defines: a batch that the database rejects because of one request is
// committed again in parts (see Rejected), and requests that can be tried again
// return to the head of the queue (see Driver.Retry).
//
// A Committer needs no Close. It has no workers before the first request, and
// each worker ends when it has had no work for idleTimeout.
package groupcommit
