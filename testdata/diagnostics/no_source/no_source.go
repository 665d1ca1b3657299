package no_source

// Order asks for a parcel.
//
//saga:dag order
//saga:append pack note
//saga:append weigh invoice
//saga:append ship
//saga:append label
//saga:append charge
type Order struct{ Item string }

// Parcel is ready to go.
type Parcel struct{ Number string }

// Weight is in grams.
type Weight int

// Address has no source.
type Address struct{ Street string }

//saga:do pack
func pack(order *Order) (Parcel, error) { return Parcel{}, nil }

//saga:undo pack
func unpack(pack Parcel, label string) error { return nil }

//saga:do note noundo
func note(pack Parcel) error { return nil }

//saga:do weigh noundo
func weigh(box *Parcel) (Weight, error) { return 0, nil }

//saga:do invoice noundo
func invoice(weigth float64) error { return nil }

//saga:do ship noundo
func ship(note string, address Address) error { return nil }

//saga:do label noundo
func label(weihg float64) (string, error) { return "", nil }

// Receipt proves a payment.
type Receipt struct{ Number string }

//saga:do charge
func charge() (*Receipt, error) { return nil, nil }

//saga:undo charge
func refund(receipt Receipt) error { return nil }
