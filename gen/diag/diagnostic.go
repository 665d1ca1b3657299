package diag

import (
	"fmt"
	"go/token"
)

// Diagnostic is one thing that is wrong in the sources, told so that it can be mended.
type Diagnostic struct {
	// Code is stable, as in "SG012".
	Code Code
	// Pos is the argument, the parameter or the name concerned.
	Pos token.Position
	// Message says what is wrong, what was found and what to do, in one line.
	Message string
	// Related are other places that matter, such as the first of two duplicates.
	Related []Related
	// Fixes are changes that mend it, of which one is to be taken, the likeliest first. Most diagnostics have none.
	Fixes []Fix
}

// Related is another place that matters to a Diagnostic.
type Related struct {
	Pos     token.Position
	Message string
}

// Code identifies a kind of diagnostic.
type Code string

// String returns the diagnostic as file:line:col: message [code].
func (d Diagnostic) String() string {
	return fmt.Sprintf("%s: %s [%s]", d.Pos, d.Message, d.Code)
}
