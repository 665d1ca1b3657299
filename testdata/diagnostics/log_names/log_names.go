package log_names

import (
	"github.com/sagagen/sagagen/testdata/diagnostics/log_names/north/billing"
	south "github.com/sagagen/sagagen/testdata/diagnostics/log_names/south/billing"
)

var _, _ = billing.Charge, south.Charge

// Order is charged in the north, and then in the south.
//
//saga:dag order
//saga:append first=billing.charge
//saga:append second=south.charge
//saga:append third=south.refuse
type Order struct{ Cents int }
