// Package attempt calls an action once and classifies what happened. Every
// engine makes its calls here, so that a panic, a timeout or an output that
// can't be recorded means the same in all of them. An engine decides when to
// call, and where: it has the limits, the waits between attempts, and the log.
//
// The results of an attempt:
//
//	the function                       failure   unknown   permanent
//	returns nil                        no
//	returns an error                   error     no        no
//	returns saga.Permanent(err)        error     no        yes
//	returns saga.Indeterminate(err)    error     yes       no
//	fails after the end of its context timeout   yes       no
//	panics                             panic     yes       no
//	calls runtime.Goexit               panic     yes       yes
//	returns an output that is no JSON  error     yes       yes
//	returns an output that is too big  error     yes       yes
//
// An unknown outcome may have had an effect, so it has to be undone. A failure
// after an attempt with an unknown outcome is unknown too; see Attempt.Unknown.
//
// Inputs is a call's data in a form that can be sent to another process, for
// engines that call actions there.
package attempt
