package subsaga_params

// Order asks for a parcel.
//
//saga:dag order
//saga:subsaga beside dag=return params=ask
//saga:subsaga nothing dag=return params=pack
//saga:subsaga other dag=return params=weigh
//saga:append ask beside
//saga:append pack weigh
//saga:append nothing other
//saga:append end=pack
type Order struct{ Item string }

// Return asks for money.
//
//saga:dag return
//saga:append pack
type Return struct{ Item string }

//saga:do ask noundo
func ask(order Order) (Return, error) { return Return(order), nil }

//saga:do pack noundo
func pack() error { return nil }

//saga:do weigh noundo
func weigh() (int, error) { return 0, nil }
