package gen

import "go/token"

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

// suggest adds a fix that replaces the n bytes at a position.
func (p *positioned) suggest(message string, pos token.Pos, n int, text string) {
	file := p.fset.File(pos)
	if file == nil || p.fset.Position(pos).Filename != file.Name() {
		return // what was compiled isn't what somebody wrote, as with cgo
	}
	start := file.Offset(pos)
	p.Fixes = append(p.Fixes, Fix{message, []Edit{{file.Name(), start, start + n, text}}})
}

// replace suggests to write something else in place of a text.
func (p *positioned) replace(pos token.Pos, text, with string) {
	p.suggest("Write "+with, pos, len(text), with)
}

// insertAfter suggests to add a declaration behind the line on which a node ends.
func (p *positioned) insertAfter(message string, end token.Pos, text string) {
	file := p.fset.File(end)
	if line := file.Line(end); line < file.LineCount() {
		end = file.LineStart(line+1) - 1
	}
	p.suggest(message, end, 0, "\n\n"+text)
}

// replacement is a fix of the text of a directive, in bytes from the beginning of its comment.
type replacement struct {
	offset, length int
	text           string
}

// replace says what to write instead of a part of the directive.
func (m *mistake) replace(offset, length int, text string) {
	m.fix = &replacement{offset, length, text}
}
