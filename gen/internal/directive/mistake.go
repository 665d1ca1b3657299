package directive

import "github.com/sagagen/sagagen/gen/diag"

// mistake is something wrong in a directive's text.
type mistake struct {
	Code    diag.Code
	Offset  int
	Message string
	Fix     *replacement
}

// replacement is a fix of the text of a directive, in bytes from the beginning of its comment.
type replacement struct {
	Offset, Length int
	Text           string
}

// replace says what to write instead of a part of the directive.
func (m *mistake) replace(offset, length int, text string) {
	m.Fix = &replacement{offset, length, text}
}
