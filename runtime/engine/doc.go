// Package engine is the vocabulary of what runs sagas: the nodes of a DAG by
// number, their kinds and states, and the events in the log of a saga. Engines
// and stores work with it. So do programs that read the status or the history
// of a saga. A program that only runs sagas doesn't need it.
package engine
