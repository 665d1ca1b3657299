package shape

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Null is the shape of the output of an action without output. sagagen doesn't
// write it, because it follows from the action's type.
const Null = "null"

// Misfit is the reason why data of one shape can't be read as another.
type Misfit struct {
	// Path is the part of the data that doesn't fit, as in ".Rooms[].Beds". It
	// is empty for the whole data.
	Path string
	// Reason is the predicate of a sentence whose subject is the path.
	Reason string
}

func misfitf(path, format string, args ...any) *Misfit {
	return &Misfit{Path: path, Reason: fmt.Sprintf(format, args...)}
}

// At prepends a step to the path and returns m. It returns nil if m is nil.
func (m *Misfit) At(step string) *Misfit {
	if m != nil {
		m.Path = step + m.Path
	}
	return m
}

// Fits returns nil if code with the shape is can read data that was written
// with the shape was, without losing any of it:
//
//   - Equal shapes fit. An empty shape is unknown and fits, on either side.
//   - Every shape except a secret fits any. any fits only any and *any.
//   - T fits *T, but *T doesn't fit T. An optional field of type T doesn't fit
//     *T or any, because its empty value would be read as nil.
//   - T fits secret(T). A secret fits only a secret, so that its content isn't
//     exposed by accident.
//   - Integers fit wider integers; see widerIntegers. Other basic and named
//     types must be equal.
//   - Slices, arrays of equal length, maps and quoted types fit if their parts
//     do.
//   - An object fits if the fields that both have do, and if each new field is
//     optional or a pointer. Fields may be removed, but not in the same change
//     in which others are added: that may be a rename, and data would be lost.
//   - Recursive types fit if everything that can be reached in them does,
//     whatever the types are called.
//   - Every shape fits the output of an action without output. The missing
//     output fits a pointer.
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

// widerIntegers lists the integer types that can hold all values of a type, on
// every platform: int and uint have up to 64 bits when they are written, and
// may have only 32 when they are read.
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

// comparison holds the pairs of shapes whose comparison has begun. Recursive
// types lead to the same pair again. It is assumed to fit then: if it has a
// misfit, the first comparison of the pair finds it.
type comparison map[[2]*shape]bool

// maxPairs limits the comparison of recursive types, and so the stack's depth.
const maxPairs = 100_000

func (c comparison) fits(s, is *shape) *Misfit {
	switch {
	case s.text == is.text && s.kind == is.kind && s.open == 0 && is.open == 0:
		return nil
	case is.isWord("any") && s.kind != kindSecret:
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
		return misfitf("", "was %s, is %s: too large to compare", Brief(s.text), Brief(is.text))
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
		return misfitf(Step(gone[0].name), "is gone, and %q is new: if this is a rename, its data would be lost; "+
			"remove the one and add the other in separate versions", added[0].name)
	}
	for _, f := range added {
		if !f.optional && !f.isPointer() {
			return misfitf(Step(f.name), "is new, and old data doesn't have it: add omitempty or make it a pointer")
		}
	}
	for _, f := range gone {
		// If no field has the exact name, encoding/json chooses one whose name
		// differs only in case.
		for _, other := range is.fields {
			if strings.EqualFold(f.name, other.name) {
				return misfitf(Step(f.name), "is gone, and its data would be read as %q", other.name)
			}
		}
	}
	for _, f := range s.fields {
		to := is.field(f.name)
		if to == nil {
			continue
		}
		if f.optional && !f.canBeNil() && to.canBeNil() {
			return misfitf(Step(f.name), "was %s and omitted if empty, is %s: the empty value would be read as nil",
				Brief(f.text), Brief(to.text))
		}
		if m := c.fits(f.shape, to.shape); m != nil {
			return m.At(Step(f.name))
		}
	}
	return nil
}

// field returns the field with that name, or nil.
func (s *shape) field(name string) *field {
	i, ok := slices.BinarySearchFunc(s.fields, name, func(f field, name string) int {
		return strings.Compare(f.name, name)
	})
	if !ok {
		return nil
	}
	return &s.fields[i]
}

func (s *shape) isPointer() bool {
	return s.kind == kindPtr || (s.kind == kindQuoted || s.kind == kindSecret) && s.elem.isPointer()
}

// canBeNil reports whether a missing value is read as nil rather than as an
// empty value.
func (s *shape) canBeNil() bool {
	return s.isPointer() || s.isWord("any") || s.kind == kindSecret && s.elem.canBeNil()
}

func (s *shape) isWord(text string) bool { return s.kind == kindWord && s.text == text }

func (s *shape) misfit(is *shape) *Misfit {
	return misfitf("", "was %s, is %s", Brief(s.text), Brief(is.text))
}

// Step returns the step of a path to a field: .Name or ["a name"].
func Step(name string) string {
	if name == "" || strings.ContainsAny(name, ".[]: ") || !printable(name) {
		return fmt.Sprintf("[%q]", name)
	}
	return "." + name
}

func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// Brief returns the beginning of a long shape, and short shapes unchanged.
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
