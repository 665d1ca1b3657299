package duplicate_do

// Order asks for a parcel.
//
//saga:dag order
//saga:append pack
//saga:append weigh
type Order struct{ Item string }

//saga:do pack noundo
func pack() error { return nil }

//saga:do pack noundo
func weigh() error { return nil }
