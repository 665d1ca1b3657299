package main

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
)

func labels(cases []benchCase) []string {
	var labels []string
	for _, c := range cases {
		labels = append(labels, c.label())
	}
	return labels
}

func TestCasesHaveNamesOfTheirOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range allCases() {
		assert.False(t, seen[c.label()], "two cases are called %s", c.label())
		seen[c.label()] = true
		assert.NotNil(t, c.setup, c.label())
		assert.NotEmpty(t, c.unit, c.label())
	}
}

func TestEveryDatabaseCaseHasEveryCrowd(t *testing.T) {
	for _, name := range []string{
		"sqlite/trip", "sqlite/chain-10", "sqlite/floor", "postgres/trip", "postgres/chain-10", "postgres/floor",
		"dbos-sqlite/trip", "dbos-sqlite-full/trip", "dbos-postgres/trip", "dbos-sqlite/chain-10", "dbos-postgres/chain-10", "temporal/trip",
	} {
		assert.Equal(t, []string{name + "@1", name + "@16", name + "@64", name + "@256"},
			labels(choose(allCases(), regexp.MustCompile("^"+name+"$"), false)))
	}
}

func TestCasesAreChosenByNameOrLabel(t *testing.T) {
	assert.Equal(t, []string{"recover/sqlite", "recover/postgres"}, labels(choose(allCases(), regexp.MustCompile("^recover"), false)))
	assert.Equal(t, []string{"postgres/trip@16"}, labels(choose(allCases(), regexp.MustCompile("^postgres/trip@16$"), false)))
	assert.Empty(t, choose(allCases(), regexp.MustCompile("^finished"), true), "not in the short set")
	assert.Empty(t, choose(allCases(), regexp.MustCompile("^nothing$"), false))
}
