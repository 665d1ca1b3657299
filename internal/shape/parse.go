// Package shape reads the notation in which sagagen writes what encoding/json makes of a type, and tells whether data of
// one shape can be read as another:
//
//	string, bool, int64, float64, any    by kind
//	bytes                                a slice of bytes, which is base64
//	[]T  [3]T  map[K]T  *T
//	{"name":T,"other"?:T}                a struct; ? marks what may be left out
//	quoted(T)                            a field with the option string
//	time.Time                            a type that encodes itself, by its full name
//	@Name                                a type inside itself
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

// shape is a shape, parsed. It is a tree: a type inside itself stands in it by its name.
type shape struct {
	kind kind
	// text is the part of the notation that this is.
	text string
	// elem is the type of the elements, of what is pointed to, or of what is quoted.
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
	kindSelf               // @Name
	kindPtr                // *T
	kindSlice              // []T
	kindArray              // [3]T
	kindMap                // map[K]T
	kindQuoted             // quoted(T), of a field
	kindObject             // {"name":T,"other"?:T}
)

// maxDepth bounds how deep types stand in each other: far deeper than people nest them, and
// shallow enough for the stack, whatever is read.
const maxDepth = 1000

var errDepth = fmt.Errorf("types stand in each other more than %d deep", maxDepth)

// parse parses the notation of sagagen, and Null.
func parse(text string) (*shape, error) {
	p := parser{text: text}
	s, err := p.shape()
	if err == nil && p.at < len(text) {
		err = errors.New("something follows the type")
	}
	if err != nil {
		return nil, fmt.Errorf("at byte %d: %w", p.at, err)
	}
	return s, nil
}

type parser struct {
	text  string
	at    int
	depth int
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

func (p *parser) shape() (s *shape, err error) {
	if p.depth++; p.depth > maxDepth {
		return nil, errDepth
	}
	s = new(shape)
	start := p.at
	switch {
	case p.take("{"):
		s.kind = kindObject
		s.fields, err = p.fields()
	case p.take("*"):
		s.kind = kindPtr
		s.elem, err = p.shape()
	case p.take("[]"):
		s.kind = kindSlice
		s.elem, err = p.shape()
	case p.take("["):
		s.kind = kindArray
		err = p.array(s)
	case p.take("map["):
		s.kind = kindMap
		err = p.mapOf(s)
	case p.take("@"):
		s.kind = kindSelf
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

func (p *parser) array(s *shape) (err error) {
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

func (p *parser) mapOf(s *shape) (err error) {
	start := p.at
	if err := p.word(); err != nil {
		return err
	}
	s.key = &shape{text: p.text[start:p.at]}
	if err := p.expect("]"); err != nil {
		return err
	}
	s.elem, err = p.shape()
	return err
}

// fields reads an object from behind its opening brace.
func (p *parser) fields() ([]field, error) {
	var fields []field
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
		var f field
		if f.name, err = strconv.Unquote(quoted); err != nil {
			return nil, fmt.Errorf("the name of a field: %w", err)
		}
		p.at += len(quoted)
		f.optional = p.take("?")
		if err := p.expect(":"); err != nil {
			return nil, err
		}
		if f.shape, err = p.fieldShape(); err != nil {
			return nil, err
		}
		fields = append(fields, f)
	}
	slices.SortStableFunc(fields, func(a, b field) int { return strings.Compare(a.name, b.name) })
	for i := range fields[min(1, len(fields)):] {
		if fields[i].name == fields[i+1].name {
			return nil, fmt.Errorf("two fields are named %q", fields[i].name)
		}
	}
	return fields, nil
}

// fieldShape reads the type of a field, which alone may be quoted.
func (p *parser) fieldShape() (*shape, error) {
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
	return &shape{kind: kindQuoted, text: p.text[start:p.at], elem: elem}, nil
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
