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

func TestCaseNamesAreUnique(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range allCases() {
		assert.False(t, seen[c.label()], "two cases have the label %s", c.label())
		seen[c.label()] = true
		assert.NotNil(t, c.setup, c.label())
		assert.NotEmpty(t, c.unit, c.label())
	}
}

func TestDatabaseCasesRunWithAllClientCounts(t *testing.T) {
	for _, name := range []string{
		"sqlite/trip", "sqlite/chain-10", "sqlite/floor", "postgres/trip", "postgres/chain-10", "postgres/floor",
		"dbos-sqlite/trip", "dbos-sqlite-full/trip", "dbos-postgres/trip",
		"dbos-sqlite/chain-10", "dbos-postgres/chain-10", "temporal/trip",
	} {
		assert.Equal(t, []string{name + "@1", name + "@16", name + "@64", name + "@256"},
			labels(choose(allCases(), regexp.MustCompile("^"+name+"$"), false)))
	}
}

func TestCasesAreChosenByNameOrLabel(t *testing.T) {
	chosen := func(expression string, short bool) []string {
		return labels(choose(allCases(), regexp.MustCompile(expression), short))
	}
	assert.Equal(t, []string{"recover/sqlite", "recover/postgres"}, chosen("^recover", false))
	assert.Equal(t, []string{"postgres/trip@16"}, chosen("^postgres/trip@16$", false))
	assert.Empty(t, chosen("^finished", true), "not in the short set")
	assert.Empty(t, chosen("^nothing$", false))
}
