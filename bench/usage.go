package main

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"strconv"
)

// usage counts the writes of a store. A field is NaN if it is unknown.
type usage struct {
	commits float64
	bytes   float64
}

var noUsage = usage{commits: math.NaN(), bytes: math.NaN()}

// meter returns the usage of a store so far.
type meter func(context.Context) (usage, error)

func noMeter(context.Context) (usage, error) { return noUsage, nil }

// per returns the difference of two readings, divided by n sagas.
func (u usage) per(before usage, n int64) usage {
	return usage{
		commits: (u.commits - before.commits) / float64(n),
		bytes:   (u.bytes - before.bytes) / float64(n),
	}
}

// bytesWritten returns how many bytes this process has written so far, to all
// files. It returns NaN if the system doesn't count them; Linux does.
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
