// Package shape parses shapes and reports whether data of one shape can be read
// as another. A shape is sagagen's notation for the JSON that encoding/json
// produces for a type:
//
//	string, bool, int64, float64, any    by kind
//	bytes                                a byte slice, which is base64
//	[]T  [3]T  map[K]T  *T
//	{"name":T,"other"?:T}                a struct; ? marks an optional field
//	quoted(T)                            a field with the option string
//	secret(T)                            a Secret of package runtime
//	time.Time                            a named type that encodes itself
//	@2                                   a recursive reference
//
// @n refers to the n-th type around it, counted from the inside. Brackets,
// pointers and all other composite types count.
//
// The runtime uses the package to check sagas in flight against its code, and
// the generator to compare two versions of the code.
package shape

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// shape is a parsed shape. A recursive type is a cycle.
type shape struct {
	kind kind
	// text is the source text. If open is positive, its meaning depends on the
	// types around it.
	text string
	// open is the number of types around it that its references reach.
	open int
	// elem is the element type of a pointer, slice, array, map, quoted or
	// secret.
	elem *shape
	// key is the key type of a map.
	key *shape
	// size is the length of an array, in decimal.
	size string
	// fields are the fields of an object, sorted by name.
	fields []field
}

type field struct {
	name     string
	optional bool
	*shape
}

type kind uint8

const (
	kindWord   kind = iota // string, int64, any, bytes, time.Time …
	kindPtr                // *T
	kindSlice              // []T
	kindArray              // [3]T
	kindMap                // map[K]T
	kindQuoted             // quoted(T), of a field
	kindSecret             // secret(T)
	kindObject             // {"name":T,"other"?:T}
)

// maxDepth is the maximum nesting depth of types. Real types are far below it,
// and it protects the stack from malicious input.
const maxDepth = 1000

var errDepth = fmt.Errorf("types are nested more than %d deep", maxDepth)

// parse parses a shape in sagagen's notation, or Null.
func parse(text string) (*shape, error) {
	p := parser{text: text}
	s, _, err := p.shape()
	if err == nil && p.at < len(text) {
		err = errors.New("unexpected text after the type")
	}
	if err != nil {
		return nil, fmt.Errorf("at byte %d: %w", p.at, err)
	}
	return s, nil
}

type parser struct {
	text string
	at   int
	// around are the types around the current position, the outermost first.
	around []*shape
}

// take skips a prefix of the remaining text and reports whether it is there.
func (p *parser) take(prefix string) bool {
	if !strings.HasPrefix(p.text[p.at:], prefix) {
		return false
	}
	p.at += len(prefix)
	return true
}

func (p *parser) expect(token string) error {
	if !p.take(token) {
		return fmt.Errorf("want %q", token)
	}
	return nil
}

// shape parses a type. It also returns the number of types around it that its
// references reach. For a reference, that differs from the open of the type
// that it refers to.
func (p *parser) shape() (s *shape, open int, err error) {
	if p.take("@") {
		return p.reference()
	}
	if len(p.around) == maxDepth {
		return nil, 0, errDepth
	}
	s = new(shape)
	p.around = append(p.around, s)
	start := p.at
	switch {
	case p.take("{"):
		s.kind = kindObject
		err = p.fields(s)
	case p.take("*"):
		s.kind = kindPtr
		err = p.elem(s)
	case p.take("[]"):
		s.kind = kindSlice
		err = p.elem(s)
	case p.take("["):
		s.kind = kindArray
		err = p.array(s)
	case p.take("map["):
		s.kind = kindMap
		err = p.mapOf(s)
	case p.take("secret("):
		s.kind = kindSecret
		if err = p.elem(s); err == nil {
			err = p.expect(")")
		}
	default:
		err = p.word()
	}
	if err != nil {
		return nil, 0, err
	}
	p.around = p.around[:len(p.around)-1]
	s.text = p.text[start:p.at]
	return s, s.open, nil
}

// reference parses a recursive reference after its @.
func (p *parser) reference() (s *shape, open int, err error) {
	digits := p.digits()
	open, err = strconv.Atoi(digits)
	if err != nil || open == 0 || open > len(p.around) || digits[0] == '0' {
		return nil, 0, fmt.Errorf("want the number of a type around this, 1 to %d", len(p.around))
	}
	referred := p.around[len(p.around)-open:]
	if !slices.ContainsFunc(referred, func(s *shape) bool { return s.kind != kindPtr }) {
		return nil, 0, errors.New("want a recursive type with something other than pointers")
	}
	return referred[0], open, nil
}

func (p *parser) digits() string {
	start := p.at
	for p.at < len(p.text) && '0' <= p.text[p.at] && p.text[p.at] <= '9' {
		p.at++
	}
	return p.text[start:p.at]
}

// elem parses the element type of s.
func (p *parser) elem(s *shape) (err error) {
	elem, open, err := p.shape()
	s.elem, s.open = elem, max(s.open, open-1)
	return err
}

func (p *parser) array(s *shape) (err error) {
	s.size = p.digits()
	if s.size == "" {
		return errors.New("want the length of an array")
	}
	if err := p.expect("]"); err != nil {
		return err
	}
	return p.elem(s)
}

func (p *parser) mapOf(s *shape) (err error) {
	start := p.at
	if err := p.word(); err != nil {
		return err
	}
	s.key = &shape{text: p.text[start:p.at]}
	if err := p.expect("]"); err != nil {
		return err
	}
	return p.elem(s)
}

// fields parses an object after its opening brace.
func (p *parser) fields(s *shape) error {
	for !p.take("}") {
		if len(s.fields) > 0 {
			if err := p.expect(","); err != nil {
				return err
			}
		}
		quoted, err := strconv.QuotedPrefix(p.text[p.at:])
		if err != nil {
			return errors.New("want the quoted name of a field")
		}
		var f field
		if f.name, err = strconv.Unquote(quoted); err != nil {
			return fmt.Errorf("name of a field: %w", err)
		}
		p.at += len(quoted)
		f.optional = p.take("?")
		if err := p.expect(":"); err != nil {
			return err
		}
		var open int
		if f.shape, open, err = p.fieldShape(); err != nil {
			return err
		}
		s.fields, s.open = append(s.fields, f), max(s.open, open-1)
	}
	slices.SortStableFunc(s.fields, func(a, b field) int { return strings.Compare(a.name, b.name) })
	for i := range s.fields[min(1, len(s.fields)):] {
		if s.fields[i].name == s.fields[i+1].name {
			return fmt.Errorf("two fields are named %q", s.fields[i].name)
		}
	}
	return nil
}

// fieldShape parses the type of a field. Only the type of a field can be
// quoted.
func (p *parser) fieldShape() (s *shape, open int, err error) {
	start := p.at
	if !p.take("quoted(") {
		return p.shape()
	}
	elem, open, err := p.shape()
	if err == nil {
		err = p.expect(")")
	}
	if err != nil {
		return nil, 0, err
	}
	return &shape{kind: kindQuoted, text: p.text[start:p.at], open: open, elem: elem}, open, nil
}

// word skips the name of a type. The names of generic types, and of structs
// that encode themselves, contain brackets with arbitrary Go syntax.
func (p *parser) word() error {
	if r, _ := utf8.DecodeRuneInString(p.text[p.at:]); !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' {
		return errors.New("want a type")
	}
	var open []byte // the expected closing brackets
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
				return errors.New("unterminated string")
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
