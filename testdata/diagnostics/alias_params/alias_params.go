package alias_params

// Request is what Order is an alias of.
type Request struct{ Item string }

// Order asks for a parcel.
//
//saga:dag order
//saga:append pack
type Order = Request

//saga:do pack noundo
func pack() error { return nil }
