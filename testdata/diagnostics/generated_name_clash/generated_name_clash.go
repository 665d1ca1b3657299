package generated_name_clash

// Order asks for a parcel.
//
//saga:dag order
//saga:append pack
type Order struct{ Item string }

//saga:do pack noundo
func pack(order Order) error { return nil }

// OrderResult has the name of the saga's result.
type OrderResult struct{}

func packAction() {}

type packInputs struct{}

// ActionPack would generate ActionPackRun, which is also a constant's name.
//
//saga:dag clash
//saga:append pack-run
type ActionPack struct{ Item string }

//saga:do pack-run noundo
func packRun() error { return nil }

type int string
