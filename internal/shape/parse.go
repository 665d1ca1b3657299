// Package shape reads the notation in which sagagen writes what encoding/json makes of a type, and tells whether data of
// one shape can be read as another:
//
//	string, bool, int64, float64, any    by kind
//	bytes                                a slice of bytes, which is base64
//	[]T  [3]T  map[K]T  *T
//	{"name":T,"other"?:T}                a struct; ? marks what may be left out
//	quoted(T)                            a field with the option string
//	secret(T)                            a Secret of package runtime
//	time.Time                            a type that encodes itself, by its full name
//	@2                                   a type inside itself: all from two brackets, pointers and the like further out
//
// The runtime asks it of sagas in flight, and the generator of two versions of the code.
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

// shape is a shape, parsed. It has a cycle where a type is inside itself.
type shape struct {
	kind kind
	// text is the part of the notation that this is. What it says may depend on what it stands in, if open is above 0.
	text string
	// open is how many of the types around it the references in it reach.
	open int
	// elem is the type of the elements, of what is pointed to, of what is quoted or secret.
	elem *shape
	// key is that of a map.
	key *shape
	// size is that of an array, in decimal.
	size string
	// fields are those of an object, sorted by name.
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

// maxDepth bounds how deep types stand in each other: far deeper than people nest them, and
// shallow enough for the stack, whatever is read.
const maxDepth = 1000

var errDepth = fmt.Errorf("types stand in each other more than %d deep", maxDepth)

// parse parses the notation of sagagen, and Null.
func parse(text string) (*shape, error) {
	p := parser{text: text}
	s, _, err := p.shape()
	if err == nil && p.at < len(text) {
		err = errors.New("something follows the type")
	}
	if err != nil {
		return nil, fmt.Errorf("at byte %d: %w", p.at, err)
	}
	return s, nil
}

type parser struct {
	text string
	at   int
	// around are the types that what is next stands in, the outermost first.
	around []*shape
}

// take moves behind a prefix of what is left, and reports whether it is there.
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

// shape reads a type. It returns how many of the types around it the references in it reach, which for a reference isn't
// that of the type it refers to.
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

// reference reads a type inside itself from behind the @.
func (p *parser) reference() (s *shape, open int, err error) {
	digits := p.digits()
	open, err = strconv.Atoi(digits)
	if err != nil || open == 0 || open > len(p.around) || digits[0] == '0' {
		return nil, 0, fmt.Errorf("want the number of a type around this, 1 to %d", len(p.around))
	}
	referred := p.around[len(p.around)-open:]
	if !slices.ContainsFunc(referred, func(s *shape) bool { return s.kind != kindPtr }) {
		return nil, 0, errors.New("want something other than pointers in a type inside itself")
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

// elem reads the type of what s is made of.
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

// fields reads an object from behind its opening brace.
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
			return fmt.Errorf("the name of a field: %w", err)
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

// fieldShape reads the type of a field, which alone may be quoted.
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

// word moves behind the name of a type. That of a generic type, or of a struct that encodes itself, has other types in
// brackets, and any Go in these.
func (p *parser) word() error {
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
