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

// pack takes the output of item_list by name, although the spelling and the
// type differ: the output is assignable to the type. The undo of pack takes
// this output too, and the output of pack.
//
//saga:do pack
func pack(itemList Items) (Parcel, error) { return Parcel{Number: itemList[0]}, nil }

//saga:undo pack
func unpack(ItemList Items, parcel Parcel, _ Order) error { return nil }

// ship takes two parcels by name, the items by type only, and the parameters of
// the saga although a node has the name of this input.
//
//saga:do ship noundo
func ship(second, first Parcel, _ []string, Item_list Order) (Receipt, error) {
	return Receipt{Number: first.Number + second.Number}, nil
}
