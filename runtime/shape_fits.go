package saga

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// misfit says why data of one shape can't be read as another.
type misfit struct {
	path   string // to the part of the data that it's about, as in ".Rooms[].Beds"
	reason string
}

func misfitf(path, format string, args ...any) *misfit {
	return &misfit{path: path, reason: fmt.Sprintf(format, args...)}
}

// fits returns nil if data that was written with one shape can be read by code that has the other
// one, and nothing in it is lost:
//
//   - Equal shapes fit, and so does a shape that is not known, on either side.
//   - All fits any, and any fits only any and *any.
//   - T fits *T, and *T doesn't fit T. A field that may be left out when it's empty doesn't fit *T, nor any: its
//     empty value would be read as nil.
//   - Integers fit wider ones; see widerIntegers. Other words have to be equal.
//   - Slices, arrays of one length, maps and what is quoted fit if their parts do.
//   - An object fits if the fields that both have do, and those that are new are optional or pointers. Fields
//     that are gone are fine, unless some are new too: that may be a field which was renamed, and its data would be lost.
//   - A type inside itself fits by its name. It isn't followed: what it stands for is compared where it stands.
//   - All fits the output of an action that has none any more, and none fits a pointer.
func fits(was, is string) *misfit {
	if was == is || was == "" || is == "" || is == shapeNull {
		return nil
	}
	from, err := parseShape(was)
	if err != nil {
		return misfitf("", "was %s, which this program can't read: %v", brief(was), err)
	}
	to, err := parseShape(is)
	if err != nil {
		return misfitf("", "is %s, which this program can't read: %v", brief(is), err)
	}
	return from.fits(to)
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

func (s *parsedShape) fits(is *parsedShape) *misfit {
	switch {
	case s.text == is.text && s.kind == is.kind, is.isWord("any"):
		return nil
	case is.kind == shapePtr && s.isWord(shapeNull):
		return nil
	case is.kind == shapePtr && s.kind != shapePtr:
		if m := s.fits(is.elem); m == nil || m.path != "" {
			return m
		}
		return s.misfit(is)
	case s.kind != is.kind:
		return s.misfit(is)
	}
	switch s.kind {
	case shapePtr, shapeQuoted:
		return s.elem.fits(is.elem)
	case shapeSlice:
		return s.elem.fits(is.elem).at("[]")
	case shapeArray:
		if s.size == is.size {
			return s.elem.fits(is.elem).at("[]")
		}
	case shapeMap:
		if m := s.key.fits(is.key); m != nil {
			return m.at("[key]")
		}
		return s.elem.fits(is.elem).at("[]")
	case shapeObject:
		return s.fitsFields(is)
	case shapeWord:
		if slices.Contains(widerIntegers[s.text], is.text) {
			return nil
		}
	}
	return s.misfit(is)
}

func (s *parsedShape) fitsFields(is *parsedShape) *misfit {
	var gone, added []shapeField
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
		return misfitf(step(gone[0].name), "is gone, and %q is new: if that is its new name, what it held would be lost; take it out and add the other one at different times",
			added[0].name)
	}
	for _, f := range added {
		if !f.optional && !f.isPointer() {
			return misfitf(step(f.name), "is new, and old data doesn't have it: give it omitempty, or make it a pointer")
		}
	}
	for _, f := range gone {
		// encoding/json takes what no field is named as for a field that is named so in another case.
		for _, other := range is.fields {
			if strings.EqualFold(f.name, other.name) {
				return misfitf(step(f.name), "is gone, and what it held would be read as %q", other.name)
			}
		}
	}
	for _, f := range s.fields {
		to := is.field(f.name)
		if to == nil {
			continue
		}
		if f.optional && !f.canBeNil() && to.canBeNil() {
			return misfitf(step(f.name), "was %s, left out when it was empty, is %s: the empty value would be read as nil", brief(f.text), brief(to.text))
		}
		if m := f.fits(to.parsedShape); m != nil {
			return m.at(step(f.name))
		}
	}
	return nil
}

// field returns the field of that name, or nil.
func (s *parsedShape) field(name string) *shapeField {
	i, ok := slices.BinarySearchFunc(s.fields, name, func(f shapeField, name string) int { return strings.Compare(f.name, name) })
	if !ok {
		return nil
	}
	return &s.fields[i]
}

func (s *parsedShape) isPointer() bool {
	return s.kind == shapePtr || s.kind == shapeQuoted && s.elem.kind == shapePtr
}

// canBeNil reports whether a value that was left out is read as nil, and not as an empty value.
func (s *parsedShape) canBeNil() bool { return s.isPointer() || s.isWord("any") }

func (s *parsedShape) isWord(text string) bool { return s.kind == shapeWord && s.text == text }

func (s *parsedShape) misfit(is *parsedShape) *misfit {
	return misfitf("", "was %s, is %s", brief(s.text), brief(is.text))
}

// at returns the misfit of what stands behind that step; it is nil if m is.
func (m *misfit) at(step string) *misfit {
	if m != nil {
		m.path = step + m.path
	}
	return m
}

// step returns how a path goes on to a field: .Name, or ["a name"].
func step(name string) string {
	if name == "" || strings.ContainsAny(name, ".[]: ") || validText(name) != nil {
		return fmt.Sprintf("[%q]", name)
	}
	return "." + name
}

// brief returns the first part of a long shape.
func brief(shape string) string {
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
