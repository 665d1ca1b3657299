package spelling // want package:"directives in spelling.go"

// Order asks for a parcel.
//
// want +7 `unknown directive "//saga:apend"; did you mean //saga:append\? \[SG002\]`
// want +7 `"bill,thank" contains a comma, but arguments are separated by spaces; write bill thank \[SG009\]`
// want +7 `"\\"ship\\"" is enclosed in quotes or brackets, which are not allowed in a name; write ship \[SG009\]`
// want +7 `"post.stamp" is an action of another package, so its node needs a name; write stamp=post.stamp \[SG009\]`
// want +7 `//saga:node has no argument aftre=; did you mean after\? \[SG005\]`
//
//saga:dag order
//saga:apend pack
//saga:append bill,thank
//saga:append "ship"
//saga:append post.stamp
//saga:node wave aftre=ship
type Order struct{ Item string }

// want +2 `//saga:do has no argument timout=; did you mean timeout\? \[SG005\]`
//
//saga:do pack noundo timout=3s
func pack() error { return nil }

// want +2 `//saga:do has no argument "no-undo"; did you mean noundo\? \[SG005\]`
//
//saga:do bill no-undo
func bill() error { return nil }

// want +2 `a label that contains a space must be quoted; write label="Say thanks" \[SG003\]` `//saga:do has no argument "attempts:3"; did you mean attempts=3\? \[SG005\]`
//
//saga:do thank attempts:3 label=Say thanks noundo
func thank() error { return nil }

// want +2 `"// saga:do ship noundo" looks like a directive but is malformed; write "//saga:do ship noundo" \[SG001\]`
//
// saga:do ship noundo
func ship() error { return nil }

/* saga:do stamp noundo */ // want `"/\* saga:do stamp noundo \*/" looks like a directive but is malformed; write "//saga:do stamp noundo" \[SG001\]`
func stamp() error         { return nil }

// want +2 `"// Saga:do wave noundo" looks like a directive but is malformed; write "//saga:do wave noundo" \[SG001\]`
//
// Saga:do wave noundo
func wave() error { return nil }
