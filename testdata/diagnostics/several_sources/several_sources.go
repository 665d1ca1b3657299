package several_sources

// Order asks for a parcel.
//
//saga:dag order
//saga:append first=pack second=pack
//saga:append ship
type Order struct{ Item string }

// Parcel is ready to go.
type Parcel struct{ Number string }

//saga:do pack noundo
func pack(order Order) (Parcel, error) { return Parcel{}, nil }

//saga:do ship noundo
func ship(parcel Parcel) error { return nil }
