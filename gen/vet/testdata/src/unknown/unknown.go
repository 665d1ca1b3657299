package unknown // want package:"directives in unknown.go"

// Order asks for a parcel.
//
// want +5 `runs action "pack", which doesn't exist; write //saga:do pack above its function, there is no action in this package \[SG048\]`
// want +5 `runs action "len", which doesn't exist`
// want +5 `runs action "hand-over", which doesn't exist`
//
//saga:dag order
//saga:append pack
//saga:append len
//saga:append bye=hand-over
type Order struct{ Item string }

type (
	// Import is called as a keyword is.
	//
	// want +3 `runs action "unload", which doesn't exist`
	//
	//saga:dag import
	//saga:append unload
	Import struct{ Item string }
)

func pack() {}
