package test_file

// Order asks for a parcel.
//
//saga:dag order
//saga:append pack
type Order struct{ Item string }

//saga:do ship noundo
func ship() error { return nil }
