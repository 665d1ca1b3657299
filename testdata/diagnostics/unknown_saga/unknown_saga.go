package unknown_saga

// Order asks for a parcel.
//
//saga:dag order
//saga:append pack
//saga:subsaga inner dag=retrun params=pack
//saga:subsaga other dag=shop params=pack
//saga:append inner
//saga:append other
type Order struct{ Item string }

// Return asks for money.
//
//saga:dag return
//saga:append pack
type Return struct{ Item string }

//saga:do pack noundo
func pack() (Return, error) { return Return{}, nil }
