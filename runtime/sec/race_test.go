//go:build race

package sec_test

// raceFactor is how much more memory goroutines take under the race detector.
const raceFactor = 2
