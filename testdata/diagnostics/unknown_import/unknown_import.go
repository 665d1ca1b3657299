package unknown_import

import "context"

// Order asks for a parcel.
//
//saga:dag order
//saga:append book=lodging.book
//saga:constant region value=contxt.Region
//saga:append region
//saga:append again=lodging.book
//saga:append bed=furniture.bed
type Order struct{ Item string }

//saga:do pack noundo
func pack(ctx context.Context) error { return nil }

//saga:do sleep noundo
func sleep(bed furniture.Bed) error { return nil }
