// Package plan can be imported only by package lodging.
package plan

// Floor is exported, but other packages can't import it.
type Floor struct{ Rooms int }
