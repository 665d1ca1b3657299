// Package edges places nodes by append and by node.
package edges

// Order asks for a parcel. Node bill names a node that is placed below it.
//
//saga:dag order
//saga:node pack
//saga:node bill after=weigh
//saga:node label after=pack
//saga:node weigh after=pack
//saga:append ship
//saga:append first=tell second=tell
//saga:node done=tell after=first,second,bill
type Order struct{ Item string }

//saga:do pack noundo
func pack() error { return nil }

//saga:do bill noundo
func bill() error { return nil }

//saga:do label noundo
func label() error { return nil }

//saga:do weigh noundo
func weigh() error { return nil }

//saga:do ship noundo
func ship() error { return nil }

//saga:do tell noundo
func tell() error { return nil }
