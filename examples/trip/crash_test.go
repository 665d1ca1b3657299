//go:build unix

package main

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
)

// crash runs the program so that it is killed, and returns what it had printed.
func crash(t *testing.T, dir, node string) string {
	t.Helper()
	stdout, stderr, state := trip(t, dir, "-crash-after", node)
	assert.Empty(t, stderr)
	status, ok := state.Sys().(syscall.WaitStatus)
	assert.True(t, ok && status.Signaled() && status.Signal() == syscall.SIGKILL, "%v", state)
	return stdout + "(killed)\n\n"
}

func TestATripGoesOnAfterACrash(t *testing.T) {
	for _, node := range nodes {
		t.Run(node, func(t *testing.T) {
			dir := t.TempDir()
			first := crash(t, dir, node)
			second, stderr, state := trip(t, dir)
			assert.Equal(t, 0, state.ExitCode())
			assert.Empty(t, stderr)
			golden(t, "crash_after_"+node, first+second)
			finished := anyID.FindString(second) == anyID.FindString(first)
			assert.Equal(t, node != "summary", finished, "with the summary the saga had succeeded, and a new one is booked")

			third, _, _ := trip(t, dir)
			golden(t, "success", third)
		})
	}
}

func TestATripIsUndoneAfterACrash(t *testing.T) {
	dir := t.TempDir()
	first := crash(t, dir, "payment")
	second, _, state := trip(t, dir, "-fail", "summary")
	assert.Equal(t, 1, state.ExitCode())
	golden(t, "crash_then_fail", first+second)
}

func TestATripGoesOnAfterSeveralCrashes(t *testing.T) {
	dir := t.TempDir()
	id := anyID.FindString(crash(t, dir, "payment"))
	assert.Equal(t, id, anyID.FindString(crash(t, dir, "car")))
	last, _, state := trip(t, dir)
	assert.Equal(t, 0, state.ExitCode())
	assert.Equal(t, id, anyID.FindString(last))
	assert.Contains(t, last, "the trip is booked:")
}
