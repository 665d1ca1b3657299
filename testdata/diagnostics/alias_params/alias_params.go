package alias_params

// Request has the alias Order.
type Request struct{ Item string }

// Order asks for a parcel.
//
//saga:dag order
//saga:append pack
type Order = Request

//saga:do pack noundo
func pack() error { return nil }
