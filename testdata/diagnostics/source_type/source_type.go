package source_type

// Order asks for a parcel.
//
//saga:dag order
//saga:append pack
//saga:append ship
type Order struct{ Item string }

// Parcel is ready to go.
type Parcel struct{ Number string }

//saga:do pack noundo
func pack(order Order) (Parcel, error) { return Parcel{}, nil }

//saga:do ship noundo
func ship(pack string) error { return nil }
