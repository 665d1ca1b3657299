package not_json

import (
	"io"
	"time"
)

// Order asks for a parcel.
//
//saga:dag order
//saga:append pack
//saga:append ship read
//saga:append end
type Order struct{ Done chan bool }

// Parcel has no exported fields, so nothing of it can be stored.
type Parcel struct{ number string }

// Label would lose lines, and width and kind in its parts. It may lose cache.
type Label struct {
	Text  string
	lines []line
	Lines map[string][]line
	cache []byte `json:"-"`
	Seal  Seal
	_     struct{}
}

// Seal omits its only field on purpose.
type Seal struct {
	wax []byte `json:"-"`
}

type line struct {
	Text  string
	width int
	Paper Paper
	mark  struct{}
}

// Paper is encoded as its embedded Time, without kind.
type Paper struct {
	time.Time
	kind string
}

//saga:do print noundo
func print(order Order) (Label, error) { return Label{}, nil }

//saga:do pack noundo
func pack(order Order) (Parcel, error) { return Parcel{}, nil }

//saga:do ship noundo
func ship(pack Parcel) error { return nil }

//saga:do read noundo
func read(from io.Reader) error { return nil }

//saga:do end noundo
func end(message Message) error { return nil }
