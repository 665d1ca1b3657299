package unknown // want package:"directives in unknown.go"

// Order asks for a parcel.
//
// want +5 `runs unknown action "pack"; add //saga:do pack above its function, as there are no actions in this package \[SG048\]`
// want +5 `runs unknown action "len"`
// want +5 `runs unknown action "hand-over"`
//
//saga:dag order
//saga:append pack
//saga:append len
//saga:append bye=hand-over
type Order struct{ Item string }

type (
	// Import has a saga that is named like a keyword.
	//
	// want +3 `runs unknown action "unload"`
	//
	//saga:dag import
	//saga:append unload
	Import struct{ Item string }
)

func pack() {}
