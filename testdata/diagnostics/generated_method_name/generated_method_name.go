package generated_method_name

// Order asks for a parcel.
//
//saga:dag order
//saga:append decode-outputs
type Order struct{ Item string }

//saga:do decode-outputs noundo
func decode(order Order) (string, error) { return order.Item, nil }
