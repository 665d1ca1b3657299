package empty_dag

// Order asks for a parcel.
//
//saga:dag order
type Order struct{ Item string }
