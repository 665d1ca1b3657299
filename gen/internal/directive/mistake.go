package directive

import "github.com/sagagen/sagagen/gen/diag"

// Mistake is something wrong in a directive's text.
type Mistake struct {
	Code    diag.Code
	Offset  int
	Message string
	Fix     *Replacement
}

// Replacement is a fix of the text of a directive, in bytes from the beginning of its comment.
type Replacement struct {
	Offset, Length int
	Text           string
}

// replace says what to write instead of a part of the directive.
func (m *Mistake) replace(offset, length int, text string) {
	m.Fix = &Replacement{offset, length, text}
}
