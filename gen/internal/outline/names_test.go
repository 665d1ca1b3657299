package outline

import (
	"testing"

	"github.com/sagagen/sagagen/gen/internal/model"
	"github.com/stretchr/testify/assert"
)

func TestFieldNamesDiffer(t *testing.T) {
	a, b, c := &model.Input{Name: "trip_id"}, &model.Input{Name: "tripID"}, &model.Input{Name: "TripID2"}
	fields := FieldNames([]*model.Input{a, b, c})
	assert.Equal(t, map[*model.Input]string{a: "TripID", b: "TripID2", c: "TripID22"}, fields)
}
