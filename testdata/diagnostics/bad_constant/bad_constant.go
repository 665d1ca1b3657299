package bad_constant

// Order asks for a parcel.
//
//saga:dag order
//saga:constant kind value=Order
//saga:constant price value=price
//saga:constant area value=area
//saga:append kind price area
//saga:append pack
type Order struct{ Item string }

func price(item string) int { return len(item) }

var area Area

//saga:do pack noundo
func pack(price int) error { return nil }
