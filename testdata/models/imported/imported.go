// Package imported runs an action and a saga of another package. The generator
// reads the files of that package only for their comments, and takes all types
// from export data.
package imported

import (
	"context"

	hotels "github.com/sagagen/sagagen/testdata/models/imported/lodging"
)

// Trip asks for two stays.
//
//saga:dag trip
//saga:append plan
//saga:append room=hotels.room
//saga:subsaga second dag=hotels.stay params=plan
//saga:append second
//saga:append report
type Trip struct{ City string }

// Planner is the application context of this package. The other package has its
// own.
type Planner struct{}

//saga:do plan noundo
func (p *Planner) plan(ctx context.Context, trip Trip) (hotels.Stay, error) {
	return hotels.Stay{City: trip.City}, nil
}

//saga:do report noundo
func report(room hotels.Room, second hotels.Voucher) error { return nil }
