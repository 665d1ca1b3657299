package undo // want package:"directives in undo.go"

import "context"

// Shop is the application context.
type Shop struct{}

// Parcel is ready to go.
type Parcel struct{ Number string }

// want +2 `action "pack" has no undo function; add //saga:undo pack above the function that undoes it, or write //saga:do pack noundo if there is nothing to undo \[SG039\]`
//
//saga:do pack attempts=4
func (s *Shop) Pack(ctx context.Context, item, color string) (*Parcel, error) { return nil, nil }

// want +2 `action "type" has no undo function`
//
//saga:do type
func label(shop *Shop, item string) (struct{ Text string }, error) {
	return struct{ Text string }{}, nil
} // The fix inserts the undo below this line.

// want +2 `action "ship" has no undo function`
//
//saga:do ship
func (*Shop) ship(_ context.Context, pack Parcel, item string) error { return nil }

// want +2 `action "call" has no undo function`
//
//saga:do call
func call(string, context.Context) error { return nil } // want `call takes its context.Context as parameter 2; make it the first parameter \[SG026\]`

func undoLabel() {}
