//go:build race

package sec_test

// raceFactor is the factor by which goroutines need more memory under the race
// detector.
const raceFactor = 2
