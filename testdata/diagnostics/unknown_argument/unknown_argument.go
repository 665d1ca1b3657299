package unknown_argument

// Order asks for a parcel.
//
//saga:dag order timeout=3s
//saga:append pack ship
//saga:append first=pack after=ship
//saga:node weigh befor=ship
type Order struct{ Item string }

//saga:do pack noundo timout=3s
func pack() error { return nil }

//saga:do ship no-undo
func ship() error { return nil }

//saga:do weigh noundo always
func weigh() error { return nil }

//saga:do stamp noundo retry=3
func stamp() error { return nil }
