// Package travel has the example of docs/directives.md for imported actions.
package travel

import "github.com/sagagen/sagagen/testdata/docs/lodging"

// Trip asks for a room.
//
//saga:dag trip
//saga:append stay
//saga:append room=lodging.room
type Trip struct{ City string }

//saga:do stay noundo
func stay(trip Trip) (lodging.Stay, error) { return lodging.Stay{City: trip.City}, nil }
