package main

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"strconv"
)

// usage is what a store has been made to do. A field is NaN if it isn't known.
type usage struct {
	commits float64
	bytes   float64
}

var noUsage = usage{commits: math.NaN(), bytes: math.NaN()}

// meter returns what a store has been made to do so far.
type meter func(context.Context) (usage, error)

func noMeter(context.Context) (usage, error) { return noUsage, nil }

// per returns the difference between two readings, for each of n sagas.
func (u usage) per(before usage, n int64) usage {
	return usage{commits: (u.commits - before.commits) / float64(n), bytes: (u.bytes - before.bytes) / float64(n)}
}

// bytesWritten returns how many bytes this process has given to the system to write so far, into whatever file; NaN
// where the system doesn't tell, which Linux does.
func bytesWritten() (float64, error) {
	text, err := os.ReadFile("/proc/self/io")
	if os.IsNotExist(err) {
		return math.NaN(), nil
	}
	if err != nil {
		return 0, err
	}
	for line := range bytes.Lines(text) {
		if number, found := bytes.CutPrefix(line, []byte("wchar: ")); found {
			return strconv.ParseFloat(string(bytes.TrimSpace(number)), 64)
		}
	}
	return 0, fmt.Errorf("/proc/self/io has no wchar: %q", text)
}
