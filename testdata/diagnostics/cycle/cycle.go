package cycle

// Order asks for a parcel.
//
//saga:dag order
//saga:node pack after=ship
//saga:node weigh after=pack
//saga:node ship after=weigh
//saga:append bill
type Order struct{ Item string }

// Repair asks for a repair. Its DAG has two cycles.
//
//saga:dag repair
//saga:node pack after=bill
//saga:node bill after=pack
//saga:node weigh after=bill,ship
//saga:node label after=weigh
//saga:node ship after=weigh,label
//saga:append count
type Repair struct{ Item string }

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

//saga:do label noundo
func label() error { return nil }

//saga:do count noundo
func count() error { return nil }

//saga:do bill noundo
func bill() error { return nil }
