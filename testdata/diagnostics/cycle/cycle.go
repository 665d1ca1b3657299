package cycle

// Order asks for a parcel.
//
//saga:dag order
//saga:node pack after=ship
//saga:node weigh after=pack
//saga:node ship after=weigh
//saga:append bill
type Order struct{ Item string }

// Return asks for money.
//
//saga:dag return
//saga:node pack after=pack
type Return struct{ Item string }

//saga:do pack noundo
func pack() error { return nil }

//saga:do weigh noundo
func weigh() error { return nil }

//saga:do ship noundo
func ship() error { return nil }

//saga:do bill noundo
func bill() error { return nil }
