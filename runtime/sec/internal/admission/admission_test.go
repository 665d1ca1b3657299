package admission_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sagagen/sagagen/runtime/sec/internal/admission"
)

func TestAdmission(t *testing.T) {
	var admitted []string
	gone := map[string]bool{}
	admit := func(name string) bool {
		if !gone[name] {
			admitted = append(admitted, name)
		}
		return !gone[name]
	}
	rooms := 0
	a := admission.New(2, admit, func() { rooms++ })

	require.Equal(t, 1, a.Available(1))
	require.Equal(t, 2, a.Available(100))
	require.True(t, a.Acquire("a", true))
	require.True(t, a.Acquire("b", true))
	require.False(t, a.Acquire("impatient", false))
	for _, name := range []string{"c", "d", "e"} {
		require.False(t, a.Acquire(name, true))
	}
	require.Empty(t, admitted)

	a.Release()
	require.Equal(t, []string{"c"}, admitted, "the one that has waited longest")
	gone["d"] = true
	a.Release()
	require.Equal(t, []string{"c", "e"}, admitted, "d is skipped")

	a.Release()
	require.Zero(t, rooms, "no one has asked for room")
	require.Equal(t, 1, a.Available(100))
	require.True(t, a.Acquire("f", true))
	require.Zero(t, a.Available(100))
	a.Release()
	require.Equal(t, 1, rooms)
	require.Equal(t, 1, a.Available(100))
}

func TestAdmissionWithoutALimit(t *testing.T) {
	a := admission.New[string](0, nil, nil)
	require.Nil(t, a)
	require.Equal(t, 100, a.Available(100))
}
