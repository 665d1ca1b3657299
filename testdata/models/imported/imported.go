// Package imported runs an action and a saga of another package. Of that, the files of the
// saga's functions are read for their comments only; all types are from export data.
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

// Planner is the application context of this package; that of the other is another.
type Planner struct{}

//saga:do plan noundo
func (p *Planner) plan(ctx context.Context, trip Trip) (hotels.Stay, error) {
	return hotels.Stay{City: trip.City}, nil
}

//saga:do report noundo
func report(room hotels.Room, second hotels.Voucher) error { return nil }
