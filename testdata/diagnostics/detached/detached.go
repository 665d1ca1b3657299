package detached

// Order asks for a parcel.
//
//saga:dag order

// It is described here.
type Order struct{ Item string }

//saga:do pack noundo

func pack(order Order) error {
	//saga:do ship noundo
	ship := func() error { return nil }

	//saga:dag inner
	type inner struct{ Item string }
	return ship()
}

type Parcel struct{ Number string } //saga:dag parcel

//saga:do last noundo
