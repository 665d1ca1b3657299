// Package diag has the diagnostics that sagagen reports: each is a mistake in
// the sources, with its position, a code that doesn't change between releases,
// and often a fix. [Explain] returns a page about a code.
package diag

import (
	"fmt"
	"go/token"
)

// Diagnostic is a mistake in the sources.
type Diagnostic struct {
	// Code identifies the kind of mistake, as in "SG012".
	Code Code
	// Pos is the position of the argument, parameter or name concerned.
	Pos token.Position
	// Message states the problem, what was found, and what to do, in one line.
	Message string
	// Related are other positions that matter, such as the first of two
	// duplicates.
	Related []Related
	// Fixes are alternative changes that fix the mistake, the likeliest first.
	// Most diagnostics have none.
	Fixes []Fix
}

// Related is another position that matters to a Diagnostic.
type Related struct {
	Pos     token.Position
	Message string
}

// String returns the diagnostic as file:line:col: message [code].
func (d Diagnostic) String() string {
	return fmt.Sprintf("%s: %s [%s]", d.Pos, d.Message, d.Code)
}

// Fix is a change of the sources that fixes a Diagnostic, or prepares the fix.
type Fix struct {
	// Message describes the change, as in "Write //saga:undo".
	Message string
	// Edits don't overlap.
	Edits []Edit
}

// Edit replaces the bytes from Start up to but excluding End, both offsets into
// the file, by New. If Start equals End, it inserts New there.
type Edit struct {
	Filename   string
	Start, End int
	New        string
}
