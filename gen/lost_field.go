package gen

import (
	"go/types"
	"reflect"
)

// lostField is a field of a struct of the package that encoding/json leaves out, though nothing says that it may.
type lostField struct {
	field *types.Var
	path  string // to the field, as in shapeError
}

// lostFields returns those in values of type t, whose shape is known. What the structs of other packages have is theirs to answer for.
func lostFields(t types.Type, pkg *types.Package) []lostField {
	f := lostFieldFinder{pkg: pkg, seen: map[types.Type]bool{}}
	f.find(t, "")
	return f.lost
}

type lostFieldFinder struct {
	pkg  *types.Package
	seen map[types.Type]bool // named types
	lost []lostField
}

func (f *lostFieldFinder) find(t types.Type, path string) {
	if held, ok := heldSecret(t); ok {
		f.find(held, path+".Reveal()")
		return
	}
	if opaque, err := encodesItself(t, true); opaque || err != nil {
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
	case *types.Slice:
		f.find(u.Elem(), path+"[]")
	case *types.Array:
		f.find(u.Elem(), path+"[]")
	case *types.Map:
		f.find(u.Elem(), path+"[]")
	case *types.Struct:
		f.findIn(u, path)
	}
}

func (f *lostFieldFinder) findIn(t *types.Struct, path string) {
	for i := range t.NumFields() {
		field := t.Field(i)
		_, embedded, ok := jsonFieldOf(t, i)
		switch {
		case ok && embedded != nil:
			f.find(embedded, path)
		case ok:
			f.find(field.Type(), path+"."+field.Name())
		case field.Pkg() == f.pkg && field.Name() != "_" && reflect.StructTag(t.Tag(i)).Get("json") != "-":
			f.lost = append(f.lost, lostField{field, path + "." + field.Name()})
		}
	}
}
