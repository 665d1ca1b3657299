package main

import (
	"encoding/json"
	"fmt"
	"io"

	saga "github.com/sagagen/sagagen/runtime"
)

// printUnfinished lists the sagas that are resumed, if there are any.
func printUnfinished(out io.Writer, db string, unfinished []saga.Record) {
	switch len(unfinished) {
	case 0:
		return
	case 1:
		fmt.Fprintf(out, "%s holds an unfinished saga. It is resumed, and no new trip is booked:\n", db)
	default:
		fmt.Fprintf(out, "%s holds %d unfinished sagas. They are resumed, and no new trip is booked:\n",
			db, len(unfinished))
	}
	for _, record := range unfinished {
		fmt.Fprintf(out, "  %s  %s, %s, %d events\n", record.ID, record.Name, record.State, record.NextSeq)
	}
}

func printTrip(out io.Writer, result BookTripResult) {
	summary, err := json.Marshal(result.Summary())
	if err != nil {
		panic(err) // impossible: a Summary has only strings
	}
	fmt.Fprintf(out, `
the trip is booked:
  payment  %s
  hotel    %s
  flight   %s
  car      %s
summary: %s
`, result.Payment().Number, result.Hotel().Number, result.Flight().Number, result.Car().Number, summary)
}

// printFailure prints the failed nodes, and the requests that the services
// received in this run.
func printFailure(out io.Writer, failed *saga.FailedError, ledger *Ledger) {
	switch failed.State {
	case saga.StateFailed:
		fmt.Fprintln(out, "\nthe trip is not booked, and all of its completed steps are undone:")
	default:
		fmt.Fprintf(out, "\nthe trip is not booked, and the saga is %s:\n", failed.State)
	}
	for _, f := range failed.Failures {
		fmt.Fprintf(out, "  %s\n", f)
	}
	fmt.Fprintln(out, "\nthe ledger:")
	entries := map[saga.NodePath]Entry{}
	for _, e := range ledger.Entries(failed.ID) {
		entries[e.Node] = e
	}
	for _, node := range []saga.NodePath{"payment", "hotel", "flight", "car"} {
		e, ok := entries[node]
		if !ok {
			fmt.Fprintf(out, "  %-8s nothing\n", node)
			continue
		}
		fmt.Fprintf(out, "  %-8s %s %s\n", node, e.Number, e)
	}
}

// String returns the history of the entry, such as "booked, canceled".
func (e Entry) String() string {
	done, undone := "booked", "canceled"
	if e.Node == "payment" {
		done, undone = "charged", "refunded"
	}
	switch {
	case e.Done && e.Undone:
		return done + ", " + undone
	case e.Undone:
		return done + " in an earlier run, " + undone
	}
	return done
}
