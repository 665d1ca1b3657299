package main

import (
	"context"
	"fmt"
	"regexp"
	"slices"
)

// benchCase is a case that is measured. Each file with a kind of session
// defines its cases.
type benchCase struct {
	name string
	// clients is how many sagas run in parallel, or 0 if the case has no
	// clients.
	clients int
	// nodes is how many actions a saga has.
	nodes int
	unit  unit
	// short is true if the case is in the short set.
	short bool
	setup setupFunc
}

// setupFunc prepares one round of a case. Each round has a new session, so
// nothing of one case runs, or is left, while another one is measured.
type setupFunc func(ctx context.Context, env *environment, clients int) (session, error)

// label returns the name of the case on the command line and in messages.
func (c *benchCase) label() string {
	if c.clients == 0 {
		return c.name
	}
	return fmt.Sprintf("%s@%d", c.name, c.clients)
}

// session measures one round of a case.
type session interface {
	// measure returns an error if an output or a count is wrong.
	measure(ctx context.Context, b budget) ([]sample, error)
	// close releases the resources of the session and removes its data.
	close() error
}

// clientCounts are the numbers of concurrent clients.
var clientCounts = []int{1, 16, 64, 256}

// allCases returns every case. Systems that are compared follow each other, so
// they are measured at about the same time.
func allCases() []benchCase {
	cases := memoryCases()
	for _, clients := range clientCounts {
		cases = append(cases, databaseCases(clients)...)
	}
	return slices.Concat(cases, payloadCases(), recoverCases(), finishedCases(), generateCases())
}

// databaseCases returns the cases of the systems that keep sagas in a database,
// for a number of clients.
func databaseCases(clients int) []benchCase {
	cases := []benchCase{
		{name: "sqlite/floor", nodes: tripNodes, setup: sqliteFloor},
		{name: "sqlite/trip", nodes: tripNodes, setup: sagagenOn(openSQLite, newTrips)},
		{name: "dbos-sqlite/trip", nodes: tripNodes, setup: dbosSQLite(tripWorkflow, synchronousNormal)},
		{name: "dbos-sqlite-full/trip", nodes: tripNodes, setup: dbosSQLite(tripWorkflow, synchronousFull)},
		{name: "postgres/floor", nodes: tripNodes, setup: postgresFloor},
		{name: "postgres/trip", nodes: tripNodes, setup: sagagenOn(openPostgres, newTrips)},
		{name: "dbos-postgres/trip", nodes: tripNodes, setup: dbosPostgres(tripWorkflow)},
		{name: "temporal/trip", nodes: tripNodes, setup: temporalTrip},
		{name: "sqlite/chain-10", nodes: 10, setup: sagagenOn(openSQLite, newChains(10))},
		{name: "dbos-sqlite/chain-10", nodes: 10, setup: dbosSQLite(chainWorkflow, synchronousNormal)},
		{name: "dbos-sqlite-full/chain-10", nodes: 10, setup: dbosSQLite(chainWorkflow, synchronousFull)},
		{name: "postgres/chain-10", nodes: 10, setup: sagagenOn(openPostgres, newChains(10))},
		{name: "dbos-postgres/chain-10", nodes: 10, setup: dbosPostgres(chainWorkflow)},
	}
	for i := range cases {
		c := &cases[i]
		c.clients, c.unit = clients, sagasPerSecond
		c.short = c.nodes == tripNodes && (clients == 1 || clients == 64)
	}
	return append(cases, benchCase{
		name: "sqlite-fdatasync/trip", clients: clients, nodes: tripNodes, unit: sagasPerSecond,
		setup: sagagenOn(openSQLiteWithFdatasync, newTrips),
	})
}

// choose returns the cases whose name or label matches the expression. If short
// is true, it returns only those of the short set.
func choose(cases []benchCase, expression *regexp.Regexp, short bool) []benchCase {
	var chosen []benchCase
	for _, c := range cases {
		if (c.short || !short) && (expression.MatchString(c.name) || expression.MatchString(c.label())) {
			chosen = append(chosen, c)
		}
	}
	return chosen
}
