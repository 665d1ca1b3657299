package unread_package

import "github.com/sagagen/sagagen/nosuchpackage/v2"

// Order asks for a letter.
//
//saga:dag order
//saga:append write=stationery.write
type Order struct{ Item string }

//saga:do label noundo
func label(paper stationery.Paper, ink stationery.Ink) error { return nil }

//saga:do send noundo
func send(stamp stationery.Stamp) error { return nil }
