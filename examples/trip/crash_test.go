//go:build unix

package main

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
)

// crash runs the program with -crash-after, asserts that it was killed, and
// returns its output.
func crash(t *testing.T, dir, node string) string {
	t.Helper()
	stdout, stderr, state := trip(t, dir, "-crash-after", node)
	assert.Empty(t, stderr)
	status, ok := state.Sys().(syscall.WaitStatus)
	assert.True(t, ok && status.Signaled() && status.Signal() == syscall.SIGKILL, "%v", state)
	return stdout + "(killed)\n\n"
}

func TestTripResumesAfterCrash(t *testing.T) {
	for _, node := range nodes {
		t.Run(node, func(t *testing.T) {
			dir := t.TempDir()
			first := crash(t, dir, node)
			second, stderr, state := trip(t, dir)
			assert.Equal(t, 0, state.ExitCode())
			assert.Empty(t, stderr)
			golden(t, "crash_after_"+node, first+second)
			if node == "summary" { // the last node: the saga had succeeded
				assert.NotEqual(t, anyID.FindString(first), anyID.FindString(second))
			} else {
				assert.Equal(t, anyID.FindString(first), anyID.FindString(second))
			}

			third, _, _ := trip(t, dir)
			golden(t, "success", third)
		})
	}
}

func TestTripIsUndoneAfterCrash(t *testing.T) {
	dir := t.TempDir()
	first := crash(t, dir, "payment")
	second, _, state := trip(t, dir, "-fail", "summary")
	assert.Equal(t, 1, state.ExitCode())
	golden(t, "crash_then_fail", first+second)
}

func TestTripResumesAfterSeveralCrashes(t *testing.T) {
	dir := t.TempDir()
	id := anyID.FindString(crash(t, dir, "payment"))
	assert.Equal(t, id, anyID.FindString(crash(t, dir, "car")))
	last, _, state := trip(t, dir)
	assert.Equal(t, 0, state.ExitCode())
	assert.Equal(t, id, anyID.FindString(last))
	assert.Contains(t, last, "the trip is booked:")
}
