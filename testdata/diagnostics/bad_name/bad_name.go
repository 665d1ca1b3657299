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
//saga:append lodging.room
//saga:append weigh, ship
type Return struct{ Item string }

// Repair asks for a repair.
//
//saga:dag repair
//saga:append open, look, seal
//saga:node close after=open, seal
type Repair struct{ Item string }
