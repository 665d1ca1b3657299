package directive

import "github.com/sagagen/sagagen/gen/diag"

// Mistake is a mistake in the text of a directive.
type Mistake struct {
	Code    diag.Code
	Offset  int
	Message string
	Fix     *Replacement
}

// Replacement is a fix: it replaces length bytes at offset by text.
type Replacement struct {
	Offset, Length int
	Text           string
}

// replace adds a fix to the mistake.
func (m *Mistake) replace(offset, length int, text string) {
	m.Fix = &Replacement{offset, length, text}
}
