package repeated_argument

// Order asks for a parcel.
//
//saga:dag order
//saga:append pack
//saga:node ship after=pack,pack
type Order struct{ Item string }

//saga:do pack noundo attempts=4 attempts=5
func pack() error { return nil }

//saga:do ship noundo noundo
func ship() error { return nil }
