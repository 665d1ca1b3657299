package empty_value

// Order asks for a parcel.
//
//saga:dag order
//saga:append pack ship=
//saga:node weigh after=pack,
type Order struct{ Item string }

//saga:do pack noundo label=
func pack() error { return nil }

//saga:do weigh noundo label=" "
func weigh() error { return nil }
