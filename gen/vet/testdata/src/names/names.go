package names // want package:"directives in names.go"

// Region is a destination.
const Region = "north"

// Order asks for a parcel.
//
// want +5 `runs after unknown node "pakc"; did you mean "pack"\? \[SG049\]`
// want +5 `runs unknown action "shpi"; did you mean "ship"\? \[SG048\]`
//
//saga:dag order
//saga:append pack
//saga:node bill after=pakc
//saga:append shpi
type Order struct{ Item string }

// Gift asks for two.
//
// want +4 `runs unknown action "packk"; did you mean "pack"\? \[SG048\]`
//
//saga:dag gift
//saga:append pack
//saga:append packk
type Gift struct{ Item string }

// Move asks for a van.
//
// want +5 `runs unknown saga "odrer"; did you mean "order"\? \[SG050\]`
// want +3 `uses the undefined value Regoin; did you mean Region\? \[SG051\]`
//
//saga:dag move
//saga:constant region value=Regoin
//saga:subsaga inner dag=odrer params=region
//saga:append region
//saga:append inner
type Move struct{ Item string }

//saga:do pack noundo
func pack() error { return nil }

//saga:do bill
func bill() error { return nil }

// want +2 `undo of unknown action "bil"; did you mean "bill"\? \[SG038\]`
//
//saga:undo bil
func unbill() error { return nil }

// want +2 `action "ship" is declared with noundo, but unship is its undo function; remove noundo or the //saga:undo directive \[SG040\]`
//
//saga:do ship noundo
func ship() error { return nil }

//saga:undo ship
func unship() error { return nil }
