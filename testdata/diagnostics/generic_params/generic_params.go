package generic_params

// Order asks for a parcel.
//
//saga:dag order
//saga:append pack
type Order[T any] struct{ Item T }

//saga:do pack noundo
func pack() error { return nil }
