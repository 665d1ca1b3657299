package duplicate_saga

// Order asks for a parcel.
//
//saga:dag order
//saga:append pack
type Order struct{ Item string }

// Request asks for a parcel too.
//
//saga:dag order
//saga:append pack
type Request struct{ Item string }

//saga:do pack noundo
func pack() error { return nil }
