package unknown_node

// Order asks for a parcel.
//
//saga:dag order
//saga:node pack after=start
//saga:node ship after=pakc
//saga:subsaga inner dag=return params=shop
//saga:append inner
type Order struct{ Item string }

// Return asks for money.
//
//saga:dag return
//saga:append pack
type Return struct{ Item string }

// Again asks for a parcel. The parameters of its subsaga have no source.
//
//saga:dag again
//saga:append pack
//saga:subsaga inner dag=return params=shop
//saga:append inner
type Again struct{ Item string }

//saga:do pack noundo
func pack() error { return nil }

//saga:do ship noundo
func ship() error { return nil }
