// Package region holds what another package has at constant nodes.
package region

// Region is a place for servers.
type Region struct{ Name string }

// Default is where servers go.
var Default = Region{Name: "north"}
