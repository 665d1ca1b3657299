package duplicate_node

// Order asks for a parcel.
//
//saga:dag order
//saga:constant region value=region
//saga:constant region value=region
//saga:append region
//saga:append pack
//saga:append pack
type Order struct{ Item string }

const region = "north"

//saga:do pack noundo
func pack() error { return nil }
