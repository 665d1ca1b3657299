package near_miss

// Order asks for a parcel.
//
//saga: dag order
//saga:append pack
type Order struct{ Item string }

// Parcel is ready to go.
type Parcel struct{ Number string }

// saga:do pack
func pack(order Order) (Parcel, error) { return Parcel{Number: order.Item}, nil }

//Saga:undo pack
func unpack(pack Parcel) error { return nil }

/*saga:do ship noundo*/
func ship(parcel Parcel) error { return nil }

//saga.do weigh noundo
func weigh(parcel Parcel) error { return nil }

//sagagen:do label noundo
func label(parcel Parcel) error { return nil }

//saag:do check noundo
func check(parcel Parcel) error { return nil }

//saga:
func empty() error { return nil }

//saga:(undo) label
func odd() error { return nil }

// The saga does this, and saga:do in the middle of prose is no near miss.
//
//	// saga:do example
//
// Neither is an example.
func prose() {}
