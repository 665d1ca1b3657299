package gen

import (
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
		assert.Equal(t, want[0], goName(name), name)
		assert.Equal(t, want[1], lowerFirst(goName(name)), name)
	}
}

func TestFieldNamesDiffer(t *testing.T) {
	a, b, c := &Input{Name: "trip_id"}, &Input{Name: "tripID"}, &Input{Name: "TripID2"}
	fields := fieldNames([]*Input{a, b, c})
	assert.Equal(t, map[*Input]string{a: "TripID", b: "TripID2", c: "TripID22"}, fields)
}
