// Package wrong_declaration has directives where they aren't allowed.
//
//saga:dag package
package wrong_declaration

//saga:do import
import _ "fmt"

// Order asks for a parcel.
//
//saga:do order
type Order struct {
	//saga:dag field
	Item string
}

// Carrier takes parcels.
type Carrier interface {
	//saga:do method
	Take(item string) error
}

//saga:dag function
//saga:append pack
func pack(order Order) error { return nil }

//saga:constant region value=Region
const Region = "north"

//saga:do variable
var weigh = func() error { return nil }
