package hidden_field

import "net/http"

// Order asks for a parcel.
//
//saga:dag order
//saga:append pack
type Order struct{ Item string }

// Parcel has fields that are hidden by others of their JSON names: less deeply embedded ones, and one that has it by a tag.
type Parcel struct {
	*Box
	http.Cookie // the name of which isn't the package's to keep
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
