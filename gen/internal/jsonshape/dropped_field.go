package jsonshape

import (
	"go/types"
	"reflect"
)

// DroppedField is a field that encoding/json drops although nothing says that
// it may.
type DroppedField struct {
	Field *types.Var
	Path  string // to the field, as in shapeError
	By    string // the path to the field that hides it; empty if it isn't exported
}

// DroppedFields returns the lost fields in values of type t, whose shape is
// known. It looks at the fields for which mine returns true: the fields of
// generated structs and of other packages are not the caller's to fix.
func DroppedFields(t types.Type, mine func(*types.Var) bool) []DroppedField {
	f := droppedFieldFinder{mine: mine, seen: map[types.Type]bool{}}
	f.find(t, "")
	return f.dropped
}

type droppedFieldFinder struct {
	mine    func(*types.Var) bool
	seen    map[types.Type]bool // named types
	dropped []DroppedField
}

func (f *droppedFieldFinder) find(t types.Type, path string) {
	if held, ok := heldSecret(t); ok {
		f.find(held, path+".Reveal()")
		return
	}
	switch opaque, err := encodesItself(t, true); {
	case err != nil:
		return
	case opaque:
		f.findBeside(t, path)
		return
	}
	if named, ok := types.Unalias(t).(*types.Named); ok {
		if f.seen[named] {
			return
		}
		f.seen[named] = true
	}
	switch u := t.Underlying().(type) {
	case *types.Pointer:
		f.find(u.Elem(), path)
	case *types.Struct:
		f.findIn(u, path)
	case interface{ Elem() types.Type }: // a slice, array or map
		f.find(u.Elem(), path+"[]")
	}
}

func (f *droppedFieldFinder) findIn(t *types.Struct, path string) {
	_, hidden, _ := jsonFields(t)
	for _, h := range hidden {
		if f.mine(h.field) {
			f.dropped = append(f.dropped, DroppedField{h.field, path + h.via + "." + h.field.Name(), path + h.by.via + "." + h.by.field.Name()})
		}
	}
	for i := range t.NumFields() {
		field := t.Field(i)
		_, embedded, ok := jsonFieldOf(t, i)
		switch {
		case ok && embedded != nil:
			f.find(embedded, path)
		case ok:
			f.find(field.Type(), path+"."+field.Name())
		default:
			f.drop(t, i, path)
		}
	}
}

// findBeside looks at the other fields of a struct that an embedded field
// encodes with its promoted methods.
func (f *droppedFieldFinder) findBeside(t types.Type, path string) {
	u, ok := t.Underlying().(*types.Struct)
	if !ok {
		return
	}
	if _, to, _ := types.LookupFieldOrMethod(t, true, nil, encoderOf(t)); len(to) > 1 {
		for i := range u.NumFields() {
			if i != to[0] {
				f.drop(u, i, path)
			}
		}
	}
}

// drop notes a dropped field, unless it may be dropped or isn't the caller's.
func (f *droppedFieldFinder) drop(t *types.Struct, i int, path string) {
	if field := t.Field(i); !mayDrop(t, i) && f.mine(field) {
		f.dropped = append(f.dropped, DroppedField{Field: field, Path: path + "." + field.Name()})
	}
}

// mayDrop reports whether field i has no content or is tagged json:"-".
func mayDrop(t *types.Struct, i int) bool {
	field := t.Field(i)
	return field.Name() == "_" || reflect.StructTag(t.Tag(i)).Get("json") == "-" || types.SizesFor("gc", "amd64").Sizeof(field.Type()) == 0
}

func mayDropAll(t *types.Struct) bool {
	for i := range t.NumFields() {
		if !mayDrop(t, i) {
			return false
		}
	}
	return true
}
