package alike_nodes

// Order asks for a parcel.
//
//saga:dag order
//saga:append first-box=pack
//saga:append firstBox=pack
type Order struct{ Item string }

//saga:do pack noundo
func pack() error { return nil }
