// Package lodging has declarations that other packages can't use.
package lodging

import "github.com/sagagen/sagagen/testdata/diagnostics/not_exported/lodging/internal/plan"

type stay struct{ Nights int }

// Secret has an unexported type.
var Secret = stay{Nights: 1}

const region = "north"

//saga:do book noundo
func book() error { return nil }

//saga:do leave
func leave() error { return nil }

//saga:undo leave
func comeBack() error { return nil }

//saga:do pay
func Pay() error { return nil }

//saga:undo pay
func refund() error { return nil }

//saga:do check noundo
func Check() (stay, error) { return stay{}, nil }

//saga:do plan noundo
func Plan() (plan.Floor, error) { return plan.Floor{}, nil }

//saga:dag stay
//saga:append check
type request struct{ Nights int }
