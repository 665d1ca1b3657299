//go:build !race

package sec_test

const raceFactor = 1
