// Package fold derives what there is to know about a saga from its log. Every
// engine answers with it, so that the same log means the same everywhere:
//
//   - Saga is the state of the saga,
//   - Status and Result are what readers get,
//   - Command is what an operator may change, and whether it is allowed now,
//   - Match says whether a saga that exists is the one to be created.
//
// An engine keeps the log, and appends the events that come out of here. This
// package has no clock and no I/O.
package fold
