package no_application

// Order asks for a parcel.
//
//saga:dag order
//saga:append pack
type Order struct{ Item string }

// Bench has no methods, so it isn't recognized as the application context.
type Bench struct{}

//saga:do pack noundo
func pack(bench *Bench, order Order) error { return nil }
