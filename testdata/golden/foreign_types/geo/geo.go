// Package geo has a type that actions of another package take and return.
package geo

// Point is a place on a map.
type Point struct {
	X, Y int
	// Note is optional.
	Note string `json:"note,omitempty"`
}
