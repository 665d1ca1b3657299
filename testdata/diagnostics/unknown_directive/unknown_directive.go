package unknown_directive

// Order asks for a parcel.
//
//saga:dag order
//saga:apend pack
type Order struct{ Item string }

//saga:do pack
func pack(order Order) error { return nil }

//saga:compensate pack
func unpack(order Order) error { return nil }
