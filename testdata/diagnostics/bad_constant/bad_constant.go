package bad_constant

// Order asks for a parcel.
//
//saga:dag order
//saga:constant kind value=Order
//saga:constant price value=price
//saga:constant area value=area
//saga:constant most value=most
//saga:constant far value=far
//saga:append kind price area most far
//saga:append pack
type Order struct{ Item string }

func price(item string) int { return len(item) }

const (
	most = 1<<64 - 1
	far  = 1e400
)

var area Area

//saga:do pack noundo
func pack(price int) error { return nil }
