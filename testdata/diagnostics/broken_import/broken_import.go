package broken_import

import _ "github.com/sagagen/sagagen/testdata/diagnostics/broken_import/lodging"

// Order asks for a parcel.
//
//saga:dag order
//saga:append book=lodging.book
//saga:append pay=lodging.pay
type Order struct{ Item string }
