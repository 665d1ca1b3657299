// Package region declares values for constant nodes of another package.
package region

// Region is a place for servers.
type Region struct{ Name string }

// Default is the region of new servers.
var Default = Region{Name: "north"}
