// Package lodging has the action that the example of docs/directives.md uses
// from another package.
package lodging

// Stay asks for a room.
type Stay struct{ City string }

// Room is reserved.
type Room struct{ Number int }

// Desk is the application context.
type Desk struct{}

//saga:do room
func (d *Desk) Book(stay Stay) (Room, error) { return Room{Number: len(stay.City)}, nil }

//saga:undo room
func (d *Desk) Cancel(room Room) error { return nil }
