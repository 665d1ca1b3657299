package shape

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Null is the shape of the output of an action that has none. It isn't in the notation of sagagen, as it follows
// from the action's type.
const Null = "null"

// Misfit says why data of one shape can't be read as another.
type Misfit struct {
	Path   string // to the part of the data that it's about, as in ".Rooms[].Beds"
	Reason string
}

func misfitf(path, format string, args ...any) *Misfit {
	return &Misfit{Path: path, Reason: fmt.Sprintf(format, args...)}
}

// At returns the misfit of what stands behind that step; it is nil if m is.
func (m *Misfit) At(step string) *Misfit {
	if m != nil {
		m.Path = step + m.Path
	}
	return m
}

// Fits returns nil if data that was written with one shape can be read by code that has the other
// one, and nothing in it is lost:
//
//   - Equal shapes fit, and so does a shape that is not known, on either side.
//   - All fits any, and any fits only any and *any.
//   - T fits *T, and *T doesn't fit T. A field that may be left out when it's empty doesn't fit *T, nor any: its
//     empty value would be read as nil.
//   - T fits secret(T), and a secret fits only a secret: what it holds isn't to come into the open unnoticed.
//   - Integers fit wider ones; see widerIntegers. Other words have to be equal.
//   - Slices, arrays of one length, maps and what is quoted fit if their parts do.
//   - An object fits if the fields that both have do, and those that are new are optional or pointers. Fields
//     that are gone are fine, unless some are new too: that may be a field which was renamed, and its data would be lost.
//   - Types inside themselves fit if all that can be reached in them does, whatever they are called.
//   - All fits the output of an action that has none any more, and none fits a pointer.
func Fits(was, is string) *Misfit {
	if was == is || was == "" || is == "" || is == Null {
		return nil
	}
	from, err := parse(was)
	if err != nil {
		return misfitf("", "was %s, which this program can't read: %v", Brief(was), err)
	}
	to, err := parse(is)
	if err != nil {
		return misfitf("", "is %s, which this program can't read: %v", Brief(is), err)
	}
	return comparison{}.fits(from, to)
}

// widerIntegers lists the integer types that hold whatever the first one holds, on every platform: int and uint
// are taken for 64 bits wide when they are written, and for 32 when they are read.
var widerIntegers = map[string][]string{
	"int8":   {"int16", "int32", "int", "int64"},
	"int16":  {"int32", "int", "int64"},
	"int32":  {"int", "int64"},
	"int":    {"int64"},
	"uint8":  {"uint16", "uint32", "uint", "uint64", "int16", "int32", "int", "int64"},
	"uint16": {"uint32", "uint", "uint64", "int32", "int", "int64"},
	"uint32": {"uint", "uint64", "int64"},
	"uint":   {"uint64"},
}

// comparison holds the pairs of shapes that are being compared or have been. One that comes up again, as with types inside
// themselves, adds nothing: if there is a misfit in it, it is found where it came up first.
type comparison map[[2]*shape]bool

// maxPairs bounds how much of two types inside themselves is compared, and so how deep the stack gets.
const maxPairs = 100_000

func (c comparison) fits(s, is *shape) *Misfit {
	switch {
	case s.text == is.text && s.kind == is.kind && s.open == 0 && is.open == 0, is.isWord("any") && s.kind != kindSecret:
		return nil
	case is.kind == kindPtr && s.isWord(Null):
		return nil
	case is.kind == kindPtr && s.kind != kindPtr:
		if m := c.fits(s, is.elem); m == nil || m.Path != "" {
			return m
		}
		return s.misfit(is)
	case is.kind == kindSecret && s.kind != kindSecret:
		if m := c.fits(s, is.elem); m == nil || m.Path != "" {
			return m
		}
		return s.misfit(is)
	case s.kind != is.kind:
		return s.misfit(is)
	case c[[2]*shape{s, is}]:
		return nil
	case len(c) == maxPairs:
		return misfitf("", "was %s, is %s, and these are too large to be compared", Brief(s.text), Brief(is.text))
	}
	c[[2]*shape{s, is}] = true
	switch s.kind {
	case kindPtr, kindQuoted, kindSecret:
		return c.fits(s.elem, is.elem)
	case kindSlice:
		return c.fits(s.elem, is.elem).At("[]")
	case kindArray:
		if s.size == is.size {
			return c.fits(s.elem, is.elem).At("[]")
		}
	case kindMap:
		if m := c.fits(s.key, is.key); m != nil {
			return m.At("[key]")
		}
		return c.fits(s.elem, is.elem).At("[]")
	case kindObject:
		return c.fitsFields(s, is)
	case kindWord:
		if slices.Contains(widerIntegers[s.text], is.text) {
			return nil
		}
	}
	return s.misfit(is)
}

func (c comparison) fitsFields(s, is *shape) *Misfit {
	var gone, added []field
	for _, f := range s.fields {
		if is.field(f.name) == nil {
			gone = append(gone, f)
		}
	}
	for _, f := range is.fields {
		if s.field(f.name) == nil {
			added = append(added, f)
		}
	}
	if len(gone) > 0 && len(added) > 0 {
		return misfitf(Step(gone[0].name), "is gone, and %q is new: if that is its new name, what it held would be lost; take it out and add the other one at different times",
			added[0].name)
	}
	for _, f := range added {
		if !f.optional && !f.isPointer() {
			return misfitf(Step(f.name), "is new, and old data doesn't have it: give it omitempty, or make it a pointer")
		}
	}
	for _, f := range gone {
		// encoding/json takes what no field is named as for a field that is named so in another case.
		for _, other := range is.fields {
			if strings.EqualFold(f.name, other.name) {
				return misfitf(Step(f.name), "is gone, and what it held would be read as %q", other.name)
			}
		}
	}
	for _, f := range s.fields {
		to := is.field(f.name)
		if to == nil {
			continue
		}
		if f.optional && !f.canBeNil() && to.canBeNil() {
			return misfitf(Step(f.name), "was %s, left out when it was empty, is %s: the empty value would be read as nil", Brief(f.text), Brief(to.text))
		}
		if m := c.fits(f.shape, to.shape); m != nil {
			return m.At(Step(f.name))
		}
	}
	return nil
}

// field returns the field of that name, or nil.
func (s *shape) field(name string) *field {
	i, ok := slices.BinarySearchFunc(s.fields, name, func(f field, name string) int { return strings.Compare(f.name, name) })
	if !ok {
		return nil
	}
	return &s.fields[i]
}

func (s *shape) isPointer() bool {
	return s.kind == kindPtr || (s.kind == kindQuoted || s.kind == kindSecret) && s.elem.isPointer()
}

// canBeNil reports whether a value that was left out is read as nil, and not as an empty value.
func (s *shape) canBeNil() bool {
	return s.isPointer() || s.isWord("any") || s.kind == kindSecret && s.elem.canBeNil()
}

func (s *shape) isWord(text string) bool { return s.kind == kindWord && s.text == text }

func (s *shape) misfit(is *shape) *Misfit {
	return misfitf("", "was %s, is %s", Brief(s.text), Brief(is.text))
}

// Step returns how a path goes on to a field: .Name, or ["a name"].
func Step(name string) string {
	if name == "" || strings.ContainsAny(name, ".[]: ") || !printable(name) {
		return fmt.Sprintf("[%q]", name)
	}
	return "." + name
}

func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// Brief returns the first part of a long shape.
func Brief(shape string) string {
	const most = 80
	if len(shape) <= most {
		return shape
	}
	cut := most
	for cut > 0 && !utf8.RuneStart(shape[cut]) {
		cut--
	}
	return shape[:cut] + "…"
}
