package type_group

//saga:do pack noundo
func pack() error { return nil }

// The requests.
//
//saga:dag order
//saga:append pack
type (
	// Order asks for a parcel.
	Order struct{ Item string }

	// Return asks for money. A directive inside the group is valid.
	//
	//saga:dag return
	//saga:append pack
	Return struct{ Item string }
)
