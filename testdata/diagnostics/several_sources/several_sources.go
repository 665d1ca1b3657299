package several_sources

// Order asks for a parcel.
//
//saga:dag order
//saga:append first=pack second=pack
//saga:append ship
//saga:append check
//saga:append note
type Order struct{ Item string }

// Parcel is ready to go.
type Parcel struct{ Number string }

//saga:do pack noundo
func pack(order Order) (Parcel, error) { return Parcel{}, nil }

// The output has the type of the parameters.
//
//saga:do check noundo
func check(asked Order) (Order, error) { return asked, nil }

//saga:do note noundo
func note(check Order) error { return nil }

//saga:do ship noundo
func ship(parcel Parcel) error { return nil }
