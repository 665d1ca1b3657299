// Package subsagas has subsagas on two levels. The outer sagas are declared
// first.
package subsagas

// Order asks for parcels.
//
//saga:dag order
//saga:subsaga left dag=parcel params=split
//saga:subsaga right dag=parcel params=split
//saga:append split
//saga:append left right
//saga:append join
type Order struct{ Item string }

// Part is a part of an order.
//
//saga:dag parcel
//saga:append ask
//saga:subsaga boxed dag=box params=ask
//saga:append boxed
type Part struct{ Item string }

// Size is the size of a box.
//
//saga:dag box
//saga:append make-box
type Size int

// Box is empty.
type Box struct{ Size Size }

//saga:do split noundo
func split(order Order) (Part, error) { return Part(order), nil }

//saga:do ask noundo
func ask(part Part) (Size, error) { return Size(len(part.Item)), nil }

//saga:do make-box noundo
func makeBox(size Size) (Box, error) { return Box{Size: size}, nil }

//saga:do join noundo
func join(left, right Box) ([]Box, error) { return []Box{left, right}, nil }
