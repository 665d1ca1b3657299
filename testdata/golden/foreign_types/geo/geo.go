// Package geo has a type that another package's actions give and take.
package geo

// Point is a place on a map.
type Point struct {
	X, Y int
	// Note is there only if somebody left one.
	Note string `json:"note,omitempty"`
}
