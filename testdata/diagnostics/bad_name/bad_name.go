package bad_name

// Order asks for a parcel.
//
//saga:dag 1st-order
//saga:append pack
type Order struct{ Item string }

//saga:do pack/parcel noundo
func pack() error { return nil }

// Return asks for money.
//
//saga:dag return
//saga:append weigh=bad-name.weigh
//saga:constant region value=my-region
type Return struct{ Item string }
