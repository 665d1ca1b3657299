package output_or_ancestor

// Order asks for a parcel.
//
//saga:dag order
//saga:append box
//saga:append wrap
//saga:append reorder
type Order struct{ Item string }

// Parcel is ready to go.
type Parcel struct{ Number string }

//saga:do box noundo
func box(order Order) (Parcel, error) { return Parcel{}, nil }

//saga:do wrap
func wrap() (Parcel, error) { return Parcel{}, nil }

//saga:undo wrap
func unwrap(box Parcel) error { return nil }

//saga:do reorder
func reorder() (Order, error) { return Order{}, nil }

//saga:undo reorder
func cancel(order Order) error { return nil }
