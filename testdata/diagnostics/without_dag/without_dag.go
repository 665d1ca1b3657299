package without_dag

// Order asks for a parcel.
//
//saga:append pack
//saga:append ship
type Order struct{ Item string }

//saga:do pack noundo
func pack() error { return nil }
