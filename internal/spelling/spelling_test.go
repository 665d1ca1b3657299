package spelling

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestNamesAreComparedByLettersAndDigits(t *testing.T) {
	assert.True(t, Alike("instanceID", "instance_id"))
	assert.True(t, Alike("x-1", "X1"))
	assert.False(t, Alike("x1", "x2"))
}

func TestClosestFindsMisspellings(t *testing.T) {
	candidates := []string{"hotel", "flight", "car", "payment"}
	for name, want := range map[string]string{
		"hotl": "hotel", "fligth": "flight", "Pay-Ment": "payment", "cat": "car", "x": "", "summary": "",
	} {
		found, ok := Closest(name, candidates)
		assert.Equal(t, want, found, name)
		assert.Equal(t, want != "", ok, name)
	}
}
