package unknown_import

import "context"

// Order asks for a parcel.
//
//saga:dag order
//saga:append book=lodging.book
//saga:constant region value=contxt.Region
//saga:append region
type Order struct{ Item string }

//saga:do pack noundo
func pack(ctx context.Context) error { return nil }
