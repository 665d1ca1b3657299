package unknown_value

// Order asks for a parcel.
//
//saga:dag order
//saga:constant region value=Regoin
//saga:constant speed value=Speed
//saga:append region speed
//saga:append pack
type Order struct{ Item string }

// Region is where parcels come from.
const Region = "north"

//saga:do pack noundo
func pack(region string) error { return nil }
