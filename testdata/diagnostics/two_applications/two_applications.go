package two_applications

// Order asks for a parcel.
//
//saga:dag order
//saga:append pack
//saga:append ship
type Order struct{ Item string }

// Shop packs.
type Shop struct{}

// Carrier ships.
type Carrier struct{}

//saga:do pack noundo
func (s *Shop) pack(order Order) error { return nil }

//saga:do ship noundo
func (c Carrier) ship(order Order) error { return nil }
