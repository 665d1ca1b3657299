package generic_function

// Order asks for a parcel.
//
//saga:dag order
//saga:append pack
//saga:append ship
type Order struct{ Item string }

//saga:do pack noundo
func pack[T any](order T) error { return nil }

// Shop is generic.
type Shop[T any] struct{ items []T }

//saga:do ship noundo
func (s *Shop[T]) ship(order Order) error { return nil }
