package second_dag

// Order asks for a parcel.
//
//saga:dag order
//saga:append pack
//saga:dag express-order
//saga:append pack
type Order struct{ Item string }

//saga:do pack noundo
func pack() error { return nil }
