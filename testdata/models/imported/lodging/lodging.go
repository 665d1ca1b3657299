// Package lodging books rooms.
package lodging

// Desk is the application context of this package.
type Desk struct{ rooms chan int }

// Stay asks for a room.
//
//saga:dag stay
//saga:append room
//saga:append voucher
type Stay struct{ City string }

// Room is reserved.
type Room struct{ Number int }

// Voucher is for a room.
type Voucher struct{ Code string }

//saga:do room label="BookRoom"
func (d *Desk) Book(stay Stay) (Room, error) { return Room{Number: len(stay.City)}, nil }

//saga:undo room
func (d *Desk) Cancel(out *Room) error { return nil }

//saga:do voucher noundo
func voucher(room Room) (Voucher, error) { return Voucher{}, nil }
