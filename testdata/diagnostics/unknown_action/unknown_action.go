package unknown_action

import _ "github.com/sagagen/sagagen/testdata/diagnostics/unknown_action/lodging"

// Order asks for a parcel.
//
//saga:dag order
//saga:constant region value=region
//saga:append reigon
//saga:append pack
//saga:append weihg
//saga:append second=bill
//saga:append third=lodging.missing
type Order struct{ Item string }

const region = "north"

//saga:do pack noundo
func pack() error { return nil }

//saga:do weigh noundo
func weigh() error { return nil }
