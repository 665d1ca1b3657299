package swapped_stages

// Order asks for a parcel.
//
//saga:dag order
//saga:append pack
//saga:append ship
//saga:append weigh stamp
type Order struct{ Item string }

//saga:do pack noundo
func pack(order Order) (string, error) { return order.Item, nil }

//saga:do weigh noundo
func weigh(pack string) (int, error) { return len(pack), nil }

//saga:do stamp noundo
func stamp(pack string) (int, error) { return len(pack), nil }

//saga:do ship noundo
func ship(stamp int) error { return nil }
