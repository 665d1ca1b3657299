package jsonshape

import (
	"cmp"
	"go/types"
	"reflect"
	"slices"
	"strings"
	"unicode"
)

// jsonField is a field that encoding/json encodes.
type jsonField struct {
	name             string
	field            *types.Var
	optional, quoted bool
	tagged           bool
	behindPointer    bool   // in a struct that is embedded by a pointer
	unsettable       bool   // in an unexported struct that is embedded by a pointer
	via              string // the path through embedded fields, as in ".Base.Owner"
}

// hiddenField is a field that encoding/json drops because another field has the
// same JSON name and takes precedence.
type hiddenField struct {
	jsonField
	by jsonField
}

// jsonFields returns the fields of t that encoding/json encodes, sorted by
// their JSON names. The fields of embedded structs count as fields of t. If
// several fields have one name, the least deeply embedded takes precedence and
// hides the others; at equal depth, the only tagged one. If none takes
// precedence, encoding/json drops all of them, and their name is in dropped.
func jsonFields(t *types.Struct) (fields []jsonField, hidden []hiddenField, dropped []string) {
	type level struct {
		jsonField // the properties that all fields of t inherit
		t         *types.Struct
		twice     bool // t is embedded twice at this depth, so its fields cancel out
	}
	found, deeper := map[string][]jsonField{}, []jsonField{}
	seen := map[types.Type]bool{t: true}
	for current := []level{{t: t}}; len(current) > 0; {
		var next []level
		embedded := map[types.Type]int{}
		here := map[string][]jsonField{}
		for _, l := range current {
			for i := range l.t.NumFields() {
				field, inner, ok := jsonFieldOf(l.t, i)
				if !ok {
					continue
				}
				field.behindPointer = field.behindPointer || l.behindPointer
				field.unsettable = field.unsettable || l.unsettable
				field.via = l.via + field.via
				if inner == nil {
					here[field.name] = append(here[field.name], field)
					if l.twice {
						here[field.name] = append(here[field.name], field)
					}
					continue
				}
				if seen[inner] {
					continue
				}
				if at, again := embedded[inner]; again {
					next[at].twice = true
					continue
				}
				embedded[inner] = len(next)
				next = append(next, level{field, inner.Underlying().(*types.Struct), l.twice})
			}
		}
		for name, fields := range here {
			if _, shadowed := found[name]; shadowed {
				deeper = append(deeper, fields...)
			} else {
				found[name] = fields
			}
		}
		for inner := range embedded {
			seen[inner] = true
		}
		current = next
	}
	taken := map[string]jsonField{}
	for name, candidates := range found {
		if len(candidates) > 1 {
			deeper = append(deeper, candidates...)
			candidates = slices.DeleteFunc(candidates, func(f jsonField) bool { return !f.tagged })
		}
		if len(candidates) == 1 {
			taken[name] = candidates[0]
			fields = append(fields, candidates[0])
		} else {
			dropped = append(dropped, name)
		}
	}
	for _, f := range deeper {
		if by, ok := taken[f.name]; ok && f.field != by.field {
			hidden = append(hidden, hiddenField{f, by})
		}
	}
	slices.SortFunc(fields, func(a, b jsonField) int { return strings.Compare(a.name, b.name) })
	slices.SortFunc(hidden, func(a, b hiddenField) int { return cmp.Compare(a.field.Pos(), b.field.Pos()) })
	slices.Sort(dropped)
	return fields, hidden, dropped
}

// jsonFieldOf returns field i of t. For an embedded struct whose fields are
// promoted, it also returns the type of that struct. It returns false if
// encoding/json ignores the field.
func jsonFieldOf(t *types.Struct, i int) (f jsonField, inner types.Type, ok bool) {
	field := t.Field(i)
	tag := reflect.StructTag(t.Tag(i)).Get("json")
	name, options, _ := strings.Cut(tag, ",")
	if tag == "-" {
		return f, nil, false
	}
	if !validJSONName(name) {
		name = ""
	}
	if field.Embedded() {
		elem := types.Unalias(field.Type())
		pointer, isPointer := elem.(*types.Pointer)
		if isPointer {
			elem = types.Unalias(pointer.Elem())
		}
		if _, isStruct := elem.Underlying().(*types.Struct); isStruct {
			f = jsonField{behindPointer: isPointer, unsettable: isPointer && !field.Exported(), via: "." + field.Name()}
			if name == "" {
				return f, elem, true
			}
		} else if !field.Exported() {
			return f, nil, false
		}
	} else if !field.Exported() {
		return f, nil, false
	}
	f.name, f.field, f.tagged, f.via = cmp.Or(name, field.Name()), field, name != "", ""
	for option := range strings.SplitSeq(options, ",") {
		switch option {
		case "omitempty", "omitzero":
			f.optional = true
		case "string":
			f.quoted = quotable(field.Type())
		}
	}
	return f, nil, true
}

// quotable reports whether the tag option string has an effect on a field of
// type t.
func quotable(t types.Type) bool {
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		t = p.Elem()
	}
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Info()&(types.IsBoolean|types.IsInteger|types.IsFloat|types.IsString) != 0
}

// validJSONName reports whether encoding/json accepts a name from a tag.
func validJSONName(name string) bool {
	for _, r := range name {
		if !strings.ContainsRune("!#$%&()*+-./:;<=>?@[]^_{|}~ ", r) && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return false
		}
	}
	return name != ""
}
