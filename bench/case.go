package main

import (
	"context"
	"fmt"
	"regexp"
	"slices"
)

// benchCase is one thing that is measured. The cases are in the tables of the files that have their sessions.
type benchCase struct {
	name string
	// clients is how many sagas are under way at once; 0 if the case has no clients.
	clients int
	// nodes is how many actions a saga has.
	nodes int
	unit  unit
	// short says that the case is in the short set.
	short bool
	// setup makes ready for one round. Each round has a session of its own, so that nothing of one case runs,
	// or lies about, while another is measured.
	setup func(ctx context.Context, l *lab, clients int) (session, error)
}

// label is what the case is called on the command line and in messages.
func (c *benchCase) label() string {
	if c.clients == 0 {
		return c.name
	}
	return fmt.Sprintf("%s@%d", c.name, c.clients)
}

// session is what is measured, ready for one round.
type session interface {
	// measure does it. The error says what has come out wrong, if anything has.
	measure(ctx context.Context, b budget) ([]sample, error)
	// close ends it and removes what it has left.
	close() error
}

// crowds are how many clients there are.
var crowds = []int{1, 16, 64, 256}

// allCases returns every case. Competitors stand beside each other, so that they are measured one after the other.
func allCases() []benchCase {
	cases := memoryCases()
	for _, clients := range crowds {
		cases = append(cases, databaseCases(clients)...)
	}
	return slices.Concat(cases, payloadCases(), recoverCases(), finishedCases(), generateCases())
}

// databaseCases returns the systems that keep sagas in a database, with that many clients.
func databaseCases(clients int) []benchCase {
	cases := []benchCase{
		{name: "sqlite/floor", nodes: tripNodes, setup: sqliteFloor},
		{name: "sqlite/trip", nodes: tripNodes, setup: ours(openSQLite, newTrips)},
		{name: "dbos-sqlite/trip", nodes: tripNodes, setup: dbosSQLite(tripWorkflow, synchronousNormal)},
		{name: "dbos-sqlite-full/trip", nodes: tripNodes, setup: dbosSQLite(tripWorkflow, synchronousFull)},
		{name: "postgres/floor", nodes: tripNodes, setup: postgresFloor},
		{name: "postgres/trip", nodes: tripNodes, setup: ours(openPostgres, newTrips)},
		{name: "dbos-postgres/trip", nodes: tripNodes, setup: dbosPostgres(tripWorkflow)},
		{name: "temporal/trip", nodes: tripNodes, setup: temporalTrip},
		{name: "sqlite/chain-10", nodes: 10, setup: ours(openSQLite, newChains(10))},
		{name: "dbos-sqlite/chain-10", nodes: 10, setup: dbosSQLite(chainWorkflow, synchronousNormal)},
		{name: "dbos-sqlite-full/chain-10", nodes: 10, setup: dbosSQLite(chainWorkflow, synchronousFull)},
		{name: "postgres/chain-10", nodes: 10, setup: ours(openPostgres, newChains(10))},
		{name: "dbos-postgres/chain-10", nodes: 10, setup: dbosPostgres(chainWorkflow)},
	}
	for i := range cases {
		c := &cases[i]
		c.clients, c.unit = clients, sagasPerSecond
		c.short = c.nodes == tripNodes && (clients == 1 || clients == 64)
	}
	return append(cases, benchCase{
		name: "sqlite-fdatasync/trip", clients: clients, nodes: tripNodes, unit: sagasPerSecond, setup: ours(openSQLiteWithFdatasync, newTrips),
	})
}

// choose returns the cases whose name or label the expression matches; only short ones if short is true.
func choose(cases []benchCase, expression *regexp.Regexp, short bool) []benchCase {
	var chosen []benchCase
	for _, c := range cases {
		if (c.short || !short) && (expression.MatchString(c.name) || expression.MatchString(c.label())) {
			chosen = append(chosen, c)
		}
	}
	return chosen
}
