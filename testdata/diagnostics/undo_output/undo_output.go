package undo_output

// Parcel is ready to go.
type Parcel struct{ Number string }

//saga:do pack
func pack() (Parcel, error) { return Parcel{}, nil }

//saga:undo pack
func unpack(a, b Parcel) error { return nil }

//saga:do wrap
func wrap(bare Parcel) (Parcel, error) { return bare, nil }

//saga:undo wrap
func unwrap(bare Parcel) error { return nil }
