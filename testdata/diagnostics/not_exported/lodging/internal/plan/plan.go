// Package plan is for the folder lodging alone.
package plan

// Floor is exported, and can't be imported from elsewhere all the same.
type Floor struct{ Rooms int }
