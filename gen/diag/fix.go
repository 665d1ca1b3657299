package diag

// Fix is a change of the sources that mends what a Diagnostic is about, or begins to.
type Fix struct {
	// Message says what it does, as in `Write //saga:undo`.
	Message string
	// Edits don't overlap.
	Edits []Edit
}

// Edit replaces the bytes of a file from Start up to End, both counted from its beginning. It inserts where
// these are the same.
type Edit struct {
	Filename   string
	Start, End int
	New        string
}
