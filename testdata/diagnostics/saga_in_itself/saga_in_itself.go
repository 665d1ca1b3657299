package saga_in_itself

// Order asks for a parcel.
//
//saga:dag order
//saga:subsaga inner dag=return params=ask
//saga:append ask
//saga:append inner
type Order struct{ Item string }

// Return asks for money.
//
//saga:dag return
//saga:subsaga inner dag=order params=asked
//saga:append asked=order
//saga:append inner
type Return struct{ Item string }

//saga:do ask noundo
func ask(order Order) (Return, error) { return Return(order), nil }

//saga:do order noundo
func order(r Return) (Order, error) { return Order(r), nil }
