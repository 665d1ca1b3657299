package main

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDocsListTheFieldsOfFindings(t *testing.T) {
	doc, err := os.ReadFile("../../docs/editors-and-ci.md")
	require.NoError(t, err)
	_, table, found := strings.Cut(string(doc), "| field | meaning |")
	require.True(t, found)
	table, _, _ = strings.Cut(table, "\n\n")
	for _, typ := range []reflect.Type{reflect.TypeFor[finding](), reflect.TypeFor[place]()} {
		for i := range typ.NumField() {
			name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
			assert.Contains(t, table, "`"+name+"`")
		}
	}
}
