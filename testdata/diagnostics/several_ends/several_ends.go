package several_ends

// Order asks for a parcel.
//
//saga:dag order
//saga:append pack
//saga:append ship weigh
type Order struct{ Item string }

//saga:do pack noundo
func pack() error { return nil }

//saga:do weigh noundo
func weigh() error { return nil }

//saga:do ship noundo
func ship() error { return nil }
