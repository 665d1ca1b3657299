// Package binding has a parameter for every way to bind an input.
package binding

// Order asks for a parcel.
//
//saga:dag order
//saga:append item_list
//saga:append first=pack second=pack
//saga:append ship
type Order struct{ Item string }

// Parcel is ready to go.
type Parcel struct{ Number string }

// Items are in a parcel.
type Items []string

// Receipt is what the customer gets.
type Receipt struct{ Number string }

//saga:do item_list noundo
func list(request Order) ([]string, error) { return []string{request.Item}, nil }

// pack takes the output of item_list by its name, in other letters and as a type that
// can be assigned. Its undo takes that too, and its own output.
//
//saga:do pack
func pack(itemList Items) (Parcel, error) { return Parcel{Number: itemList[0]}, nil }

//saga:undo pack
func unpack(ItemList Items, parcel Parcel, _ Order) error { return nil }

// ship takes two parcels by name, the items by type only, and the saga's parameters
// although a node has their name.
//
//saga:do ship noundo
func ship(second, first Parcel, _ []string, Item_list Order) (Receipt, error) {
	return Receipt{Number: first.Number + second.Number}, nil
}
