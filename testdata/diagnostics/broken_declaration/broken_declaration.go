package broken_declaration

import "github.com/sagagen/sagagen/nosuchpackage"

// Order asks for a parcel.
//
//saga:dag order
//saga:append pack ship
//saga:append weigh
//saga:append label
type Order struct{ Item Itm }

// Parcel is ready to go.
type Parcel struct{ Size Sizes }

//saga:do pack noundo
func pack(order Order, box Box) error { return nil }

//saga:do ship noundo
func ship(order Order) (Parcel, error) { return Parcel{}, nil }

//saga:do weigh noundo
func weigh(ship Parcel) error { return nil }

//saga:do label noundo
func label(paper nosuchpackage.Paper) error { return nil }

//saga:do blank noundo
func _() error { return nil }

// Missing generated names and errors in other declarations aren't reported.
func notAnnotated() error { _ = StartOrder; return undefinedElsewhere() }
