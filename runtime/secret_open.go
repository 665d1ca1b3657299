package saga

import (
	"encoding"
	"encoding/json"
	"reflect"
	"strings"
	"sync"
)

// encodeData encodes parameters, an output or a constant like json.Marshal, but
// writes the values of secrets. For that it encodes a copy in which all secrets
// are opened. A value without secrets is not copied.
func encodeData(v any) (json.RawMessage, error) {
	t := reflect.TypeOf(v)
	if t == nil {
		return json.Marshal(v)
	}
	switch p := planOf(t); {
	case p.secrets:
	case p.interfaces && (secretSearch{}).in(reflect.ValueOf(v)):
	default:
		return json.Marshal(v)
	}
	return json.Marshal(secretOpening{}.open(reflect.ValueOf(v)).Interface())
}

// plan says how to copy values of a type.
type plan struct {
	// secret says that the type is a Secret, secrets that a Secret is reachable
	// from it, and interfaces that an interface is reachable, which may hold a
	// Secret.
	secret, secrets, interfaces bool
	// fields are the indices of the struct fields to copy.
	fields []int
}

// plans maps a reflect.Type to its *plan.
var plans sync.Map

func planOf(t reflect.Type) *plan {
	if p, ok := plans.Load(t); ok {
		return p.(*plan)
	}
	p := &plan{secret: isSecret(t)}
	r := typeReach{seen: map[typeVisit]bool{}}
	r.visit(t, false)
	p.secrets, p.interfaces = r.secrets, r.interfaces
	if t.Kind() == reflect.Struct && !p.secret {
		own := encodesItself(t)
		for i := range t.NumField() {
			r := typeReach{seen: map[typeVisit]bool{}}
			if f := t.Field(i); isEncoded(f) || own {
				r.visit(f.Type, own)
			}
			if r.secrets || r.interfaces {
				p.fields = append(p.fields, i)
			}
		}
	}
	plans.Store(t, p)
	return p
}

// typeReach collects what is reachable from a type. It follows encoding/json,
// which skips unexported fields. In a type that encodes itself, it also follows
// unexported fields, but reaches only secrets there, no interfaces: a lock that
// only the type's methods know may guard their contents.
type typeReach struct {
	seen                map[typeVisit]bool
	secrets, interfaces bool
}

type typeVisit struct {
	t reflect.Type
	// inOwn says that the path led through a type that encodes itself.
	inOwn bool
}

func (r *typeReach) visit(t reflect.Type, inOwn bool) {
	if v := (typeVisit{t, inOwn}); r.seen[v] {
		return
	} else {
		r.seen[v] = true
	}
	if isSecret(t) { // its own method encodes the contents
		r.secrets = true
		return
	}
	own := encodesItself(t)
	inOwn = inOwn || own
	switch t.Kind() {
	case reflect.Interface:
		r.interfaces = r.interfaces || !inOwn
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		r.visit(t.Elem(), inOwn)
	case reflect.Struct:
		for i := range t.NumField() {
			if f := t.Field(i); isEncoded(f) || own {
				r.visit(f.Type, inOwn)
			}
		}
	}
}

// isSecret reports whether the type is a Secret. It checks the name, because a
// struct that embeds a Secret has the same methods.
func isSecret(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && t.PkgPath() == secretPackage && strings.HasPrefix(t.Name(), "Secret[")
}

var secretPackage = reflect.TypeFor[Secret[int]]().PkgPath()

// encodesItself reports whether encoding/json calls a method of the type.
func encodesItself(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(reflect.TypeFor[json.Marshaler]()) || p.Implements(reflect.TypeFor[encoding.TextMarshaler]())
}

// isEncoded reports whether encoding/json encodes the field.
func isEncoded(f reflect.StructField) bool {
	return (f.IsExported() || f.Anonymous) && f.Tag.Get("json") != "-"
}

// reference identifies the target of a pointer, a map or a slice.
type reference struct {
	t    reflect.Type
	at   uintptr
	size int // of a slice
}

// referenceOf returns false for a nil reference and for a value that isn't one.
func referenceOf(v reflect.Value) (reference, bool) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Map:
		return reference{t: v.Type(), at: v.Pointer()}, !v.IsNil()
	case reflect.Slice:
		return reference{t: v.Type(), at: v.Pointer(), size: v.Len()}, !v.IsNil()
	}
	return reference{}, false
}

// secretSearch is the set of references that have been searched.
type secretSearch map[reference]bool

// in reports whether v contains a Secret. It only reads.
func (s secretSearch) in(v reflect.Value) bool {
	p := planOf(v.Type())
	switch {
	case p.secret:
		return true
	case !p.secrets && !p.interfaces:
		return false
	}
	if ref, ok := referenceOf(v); ok {
		if s[ref] {
			return false
		}
		s[ref] = true
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		return !v.IsNil() && s.in(v.Elem())
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if s.in(v.Index(i)) {
				return true
			}
		}
	case reflect.Map:
		for i := v.MapRange(); i.Next(); {
			if s.in(i.Value()) {
				return true
			}
		}
	case reflect.Struct:
		for _, i := range p.fields {
			if s.in(v.Field(i)) {
				return true
			}
		}
	}
	return false
}

// secretOpening maps references to their copies, so a cyclic value has a cyclic
// copy.
type secretOpening map[reference]reflect.Value

// open returns v if it contains no Secret, and otherwise a copy in which all
// secrets are opened.
func (o secretOpening) open(v reflect.Value) reflect.Value {
	t := v.Type()
	p := planOf(t)
	switch {
	case p.secret:
		return reflect.ValueOf(v.Interface().(interface{ open() any }).open())
	case !p.secrets && !p.interfaces:
		return v
	}
	ref, refers := referenceOf(v)
	if made, ok := o[ref]; refers && ok {
		return made
	}
	switch t.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			made := reflect.New(t.Elem())
			o[ref] = made.Convert(t)
			made.Elem().Set(o.open(v.Elem()))
			return o[ref]
		}
	case reflect.Interface:
		if !v.IsNil() {
			made := reflect.New(t).Elem()
			made.Set(o.open(v.Elem()))
			return made
		}
	case reflect.Slice:
		if !v.IsNil() {
			made := reflect.MakeSlice(t, v.Len(), v.Len())
			o[ref] = made
			o.openElements(made, v)
			return made
		}
	case reflect.Array:
		made := reflect.New(t).Elem()
		o.openElements(made, v)
		return made
	case reflect.Map:
		if !v.IsNil() {
			made := reflect.MakeMapWithSize(t, v.Len())
			o[ref] = made
			for i := v.MapRange(); i.Next(); {
				made.SetMapIndex(i.Key(), o.open(i.Value()))
			}
			return made
		}
	case reflect.Struct:
		made := reflect.New(t).Elem()
		made.Set(v)
		for _, i := range p.fields {
			f := made.Field(i)
			f = reflect.NewAt(f.Type(), f.Addr().UnsafePointer()).Elem() // makes an unexported field settable
			f.Set(o.open(f))
		}
		return made
	}
	return v
}

func (o secretOpening) openElements(made, v reflect.Value) {
	for i := range v.Len() {
		made.Index(i).Set(o.open(v.Index(i)))
	}
}
