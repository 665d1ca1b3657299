package not_placed

// Order asks for a parcel.
//
//saga:dag order
//saga:constant region value=region
//saga:append pack
type Order struct{ Item string }

const region = "north"

//saga:do pack noundo
func pack(region string) error { return nil }
