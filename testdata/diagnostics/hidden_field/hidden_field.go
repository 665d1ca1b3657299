package hidden_field

import "net/http"

// Order asks for a parcel.
//
//saga:dag order
//saga:append pack
type Order struct{ Item string }

// Parcel has fields hidden by shallower or tagged ones of the same JSON name.
type Parcel struct {
	*Box
	http.Cookie // its hidden Name isn't reported, as this package can't change it
	Size        int
	Color       string `json:"paint"`
	Name        string
	Kind        string
	Sort        string `json:"Kind"`
}

// Box is what the goods are in.
type Box struct {
	Lid
	Size, Weight int
	Coat         string `json:"paint"`
	Color        string `json:"-"`
}

// Lid is on top.
type Lid struct{ Weight int }

//saga:do pack noundo
func pack(order Order) (Parcel, error) { return Parcel{}, nil }
