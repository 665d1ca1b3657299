package unnamed_input

// Order asks for a parcel.
//
//saga:dag order
//saga:append first=pack second=pack
//saga:append ship
//saga:append weigh
type Order struct{ Item string }

// Parcel is ready to go.
type Parcel struct{ Number string }

//saga:do pack noundo
func pack(Order) (Parcel, error) { return Parcel{}, nil }

//saga:do ship noundo
func ship(_ Parcel) (int, error) { return 0, nil }

//saga:do weigh noundo
func weigh(int, bool) error { return nil }

//saga:do label noundo
func label(_1 string) error { return nil }
