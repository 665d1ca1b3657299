package missing_argument

// Order asks for a parcel.
//
//saga:dag order
//saga:constant region
//saga:append region
//saga:node after=region
type Order struct{ Item string }

//saga:do noundo
func pack() error { return nil }
