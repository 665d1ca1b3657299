package naming

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestGoNames(t *testing.T) {
	for name, want := range map[string][2]string{
		"payment":         {"Payment", "payment"},
		"instance_id":     {"InstanceID", "instanceID"},
		"id":              {"ID", "id"},
		"vm-boot":         {"VMBoot", "vmBoot"},
		"a-b_c2":          {"ABC2", "abc2"},
		"bookTrip":        {"BookTrip", "bookTrip"},
		"HTTPServer":      {"HTTPServer", "httpServer"},
		"_under__score_":  {"UnderScore", "underScore"},
		"übung":           {"Übung", "übung"},
		"名前":              {"X名前", "x名前"},
		"ip-of-api-url":   {"IPOfAPIURL", "ipOfAPIURL"},
		"resource_uuid-2": {"ResourceUUID2", "resourceUUID2"},
	} {
		assert.Equal(t, want[0], GoName(name), name)
		assert.Equal(t, want[1], LowerFirst(GoName(name)), name)
	}
}

func TestEnumerateIsShort(t *testing.T) {
	assert.Equal(t, "none", Enumerate(nil, "and"))
	assert.Equal(t, "a", Enumerate([]string{"a"}, "and"))
	assert.Equal(t, "a, b or c", Enumerate([]string{"a", "b", "c"}, "or"))
	assert.Equal(t, "x, x, x, x, x, x, x and 13 more", Enumerate(slices.Repeat([]string{"x"}, 20), "and"))
}
