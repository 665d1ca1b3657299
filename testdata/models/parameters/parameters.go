// Package parameters has every kind of parameter.
package parameters

import (
	"context"

	saga "github.com/sagagen/sagagen/runtime"
)

// ActionContext is an alias of saga.ActionContext.
type ActionContext = saga.ActionContext

type (
	// Order asks for a parcel; a type in a group has its own doc comment.
	//
	//saga:dag order
	//saga:append pack
	//saga:append ship
	//saga:append wrap
	Order struct{ Item string }

	// Parcel is ready to go.
	Parcel struct{ Number string }
)

// Shop is the application context. The actions get a pointer to it, because one
// of the methods has a pointer receiver. Shop needs no JSON encoding.
type Shop struct{ Prices chan int }

//saga:do pack
func (s Shop) pack(ctx context.Context, action saga.ActionContext, order Order) (Parcel, error) {
	return Parcel{Number: order.Item}, nil
}

//saga:undo pack
func (s *Shop) unpack(ctx ActionContext, out *Parcel) error { return nil }

//saga:do ship noundo
func ship(shop *Shop, pack Parcel) error { return nil }

// wrap has an undo with two parameters of the type of its output. The parameter
// with the name of the action is the output.
//
//saga:do wrap
func wrap(pack Parcel) (Parcel, error) { return pack, nil }

//saga:undo wrap
func unwrap(pack, wrap Parcel) error { return nil }
