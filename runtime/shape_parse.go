package saga

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// parsedShape is a shape, parsed. It is a tree: a type inside itself stands in it by its name.
type parsedShape struct {
	kind shapeKind
	// text is the part of the notation that this is.
	text string
	// elem is the type of the elements, of what is pointed to, or of what is quoted.
	elem *parsedShape
	// key is that of a map.
	key *parsedShape
	// size is that of an array, in decimal.
	size string
	// fields are those of an object, sorted by name.
	fields []shapeField
}

type shapeField struct {
	name     string
	optional bool
	*parsedShape
}

type shapeKind uint8

const (
	shapeWord   shapeKind = iota // string, int64, any, bytes, time.Time …
	shapeSelf                    // @Name
	shapePtr                     // *T
	shapeSlice                   // []T
	shapeArray                   // [3]T
	shapeMap                     // map[K]T
	shapeQuoted                  // quoted(T), of a field
	shapeObject                  // {"name":T,"other"?:T}
)

// maxShapeDepth bounds how deep types stand in each other: far deeper than people nest them, and
// shallow enough for the stack, whatever is read.
const maxShapeDepth = 1000

var errShapeDepth = fmt.Errorf("types stand in each other more than %d deep", maxShapeDepth)

// parseShape parses the notation of sagagen, and shapeNull.
func parseShape(text string) (*parsedShape, error) {
	p := shapeParser{text: text}
	s, err := p.shape()
	if err == nil && p.at < len(text) {
		err = errors.New("something follows the type")
	}
	if err != nil {
		return nil, fmt.Errorf("at byte %d: %w", p.at, err)
	}
	return s, nil
}

type shapeParser struct {
	text  string
	at    int
	depth int
}

// take moves behind a prefix of what is left, and reports whether it is there.
func (p *shapeParser) take(prefix string) bool {
	if !strings.HasPrefix(p.text[p.at:], prefix) {
		return false
	}
	p.at += len(prefix)
	return true
}

func (p *shapeParser) expect(token string) error {
	if !p.take(token) {
		return fmt.Errorf("want %q", token)
	}
	return nil
}

func (p *shapeParser) shape() (s *parsedShape, err error) {
	if p.depth++; p.depth > maxShapeDepth {
		return nil, errShapeDepth
	}
	s = new(parsedShape)
	start := p.at
	switch {
	case p.take("{"):
		s.kind = shapeObject
		s.fields, err = p.fields()
	case p.take("*"):
		s.kind = shapePtr
		s.elem, err = p.shape()
	case p.take("[]"):
		s.kind = shapeSlice
		s.elem, err = p.shape()
	case p.take("["):
		s.kind = shapeArray
		err = p.array(s)
	case p.take("map["):
		s.kind = shapeMap
		err = p.mapOf(s)
	case p.take("@"):
		s.kind = shapeSelf
		err = p.word()
	default:
		err = p.word()
	}
	if err != nil {
		return nil, err
	}
	p.depth--
	s.text = p.text[start:p.at]
	return s, nil
}

func (p *shapeParser) array(s *parsedShape) (err error) {
	start := p.at
	for p.at < len(p.text) && '0' <= p.text[p.at] && p.text[p.at] <= '9' {
		p.at++
	}
	s.size = p.text[start:p.at]
	if s.size == "" {
		return errors.New("want the length of an array")
	}
	if err := p.expect("]"); err != nil {
		return err
	}
	s.elem, err = p.shape()
	return err
}

func (p *shapeParser) mapOf(s *parsedShape) (err error) {
	start := p.at
	if err := p.word(); err != nil {
		return err
	}
	s.key = &parsedShape{text: p.text[start:p.at]}
	if err := p.expect("]"); err != nil {
		return err
	}
	s.elem, err = p.shape()
	return err
}

// fields reads an object from behind its opening brace.
func (p *shapeParser) fields() ([]shapeField, error) {
	var fields []shapeField
	for !p.take("}") {
		if len(fields) > 0 {
			if err := p.expect(","); err != nil {
				return nil, err
			}
		}
		quoted, err := strconv.QuotedPrefix(p.text[p.at:])
		if err != nil {
			return nil, errors.New("want the quoted name of a field")
		}
		var f shapeField
		if f.name, err = strconv.Unquote(quoted); err != nil {
			return nil, fmt.Errorf("the name of a field: %w", err)
		}
		p.at += len(quoted)
		f.optional = p.take("?")
		if err := p.expect(":"); err != nil {
			return nil, err
		}
		if f.parsedShape, err = p.fieldShape(); err != nil {
			return nil, err
		}
		fields = append(fields, f)
	}
	slices.SortStableFunc(fields, func(a, b shapeField) int { return strings.Compare(a.name, b.name) })
	for i := range fields[min(1, len(fields)):] {
		if fields[i].name == fields[i+1].name {
			return nil, fmt.Errorf("two fields are named %q", fields[i].name)
		}
	}
	return fields, nil
}

// fieldShape reads the type of a field, which alone may be quoted.
func (p *shapeParser) fieldShape() (*parsedShape, error) {
	start := p.at
	if !p.take("quoted(") {
		return p.shape()
	}
	elem, err := p.shape()
	if err == nil {
		err = p.expect(")")
	}
	if err != nil {
		return nil, err
	}
	return &parsedShape{kind: shapeQuoted, text: p.text[start:p.at], elem: elem}, nil
}

// word moves behind the name of a type. That of a generic type, or of a struct that encodes itself, has other types in
// brackets, and any Go in these.
func (p *shapeParser) word() error {
	if r, _ := utf8.DecodeRuneInString(p.text[p.at:]); !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' {
		return errors.New("want a type")
	}
	var open []byte // the closing brackets that are due
	for p.at < len(p.text) {
		switch c := p.text[p.at]; c {
		case '[':
			open = append(open, ']')
		case '{':
			open = append(open, '}')
		case '(':
			if len(open) == 0 {
				return errors.New("want the end of a type")
			}
			open = append(open, ')')
		case ']', '}', ')':
			if len(open) == 0 {
				return nil
			}
			if open[len(open)-1] != c {
				return fmt.Errorf("want %q", open[len(open)-1])
			}
			open = open[:len(open)-1]
		case ',':
			if len(open) == 0 {
				return nil
			}
		case '"':
			if len(open) == 0 {
				return errors.New("want the end of a type")
			}
			quoted, err := strconv.QuotedPrefix(p.text[p.at:])
			if err != nil {
				return errors.New("a quoted text doesn't end")
			}
			p.at += len(quoted) - 1
		}
		p.at++
	}
	if len(open) > 0 {
		return fmt.Errorf("want %q", open[len(open)-1])
	}
	return nil
}
