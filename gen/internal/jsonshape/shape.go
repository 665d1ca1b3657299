// Package jsonshape says how encoding/json encodes the values of a Go type, and
// whether they survive being encoded and decoded. Package internal/shape has
// the rules for which shapes fit each other.
package jsonshape

import (
	"fmt"
	"go/token"
	"go/types"
	"reflect"
	"strconv"
	"strings"

	"github.com/sagagen/sagagen/gen/internal/naming"
	"github.com/sagagen/sagagen/gen/internal/typeutil"
)

// Of returns the shape of t: a canonical text of what encoding/json makes of
// it. Two types with the same shape decode each other's JSON.
//
//	string, bool, int64, float64, any
//	bytes                      a slice of bytes, in base64
//	[]T  [3]T  map[K]T  *T
//	{"name":T,"other"?:T}      a struct; ? marks omitempty and omitzero
//	quoted(T)                  a field with the option string
//	secret(T)                  a saga.Secret
//	time.Time                  a type that encodes itself, by its full name
//	@2                         an enclosing type, two brackets or pointers out
//
// It returns a *shapeError if a value of type t doesn't survive being encoded
// and decoded.
func Of(t types.Type) (string, error) {
	s := shaper{}
	if err := s.write(t, false); err != nil {
		return "", &shapeError{Type: t, Path: strings.Join(s.path, ""), Reason: err.Error()}
	}
	return s.out.String(), nil
}

// shapeError is the reason why a type can't be stored as JSON.
type shapeError struct {
	Type types.Type
	// Path leads from Type to the part concerned, as in ".Owner.Done[]". It is
	// empty for Type itself.
	Path   string
	Reason string
}

// Error returns the path and the reason.
func (e *shapeError) Error() string {
	if e.Path == "" {
		return e.Reason
	}
	return e.Path + ": " + e.Reason
}

// shaper writes the shape of one type.
type shaper struct {
	out  strings.Builder
	path []string    // to the part that is being written
	open []openNamed // the types that are being written, the outermost first
	// around is the number of enclosing objects, arrays, slices, maps and
	// pointers.
	around int
}

// openNamed is an enclosing named type, with the value of around at its start.
type openNamed struct {
	*types.Named
	around int
}

// maxInstances is how many instances of a generic type may be nested. Types
// that compile have a few at most.
const maxInstances = 5

// write writes the shape of t. addressable says whether encoding/json can take
// the address of the value, and so call methods with pointer receivers.
func (s *shaper) write(t types.Type, addressable bool) error {
	if held, ok := heldSecret(t); ok {
		s.out.WriteString("secret(")
		if err := s.inside(".Reveal()", held, true); err != nil {
			return err
		}
		s.out.WriteByte(')')
		return nil
	}
	opaque, err := encodesItself(t, addressable)
	if err != nil {
		return err
	}
	if opaque {
		s.out.WriteString(types.TypeString(types.Unalias(t), nil))
		return nil
	}
	if named, ok := types.Unalias(t).(*types.Named); ok {
		instances := 0
		for _, o := range s.open {
			if types.Identical(o.Named, named) {
				fmt.Fprintf(&s.out, "@%d", s.around-o.around)
				return nil
			}
			if o.Origin() == named.Origin() {
				instances++
			}
		}
		if instances > maxInstances {
			return fmt.Errorf("%s contains itself with endlessly nested type arguments, which the compiler rejects", named.Obj().Name())
		}
		s.open = append(s.open, openNamed{named, s.around})
		defer func() { s.open = s.open[:len(s.open)-1] }()
	}
	switch u := t.Underlying().(type) {
	case *types.Basic:
		return s.basic(u)
	case *types.Pointer:
		s.out.WriteByte('*')
		s.around++
		defer func() { s.around-- }()
		return s.write(u.Elem(), true)
	case *types.Slice:
		if elem, ok := u.Elem().Underlying().(*types.Basic); ok && elem.Kind() == types.Byte && !hasEncoder(u.Elem(), true) {
			s.out.WriteString("bytes")
			return nil
		}
		s.out.WriteString("[]")
		return s.inside("[]", u.Elem(), true)
	case *types.Array:
		fmt.Fprintf(&s.out, "[%d]", u.Len())
		return s.inside("[]", u.Elem(), addressable)
	case *types.Map:
		s.out.WriteString("map[")
		if err := s.mapKey(u.Key()); err != nil {
			return err
		}
		s.out.WriteByte(']')
		return s.inside("[]", u.Elem(), false)
	case *types.Struct:
		return s.fields(u, addressable)
	case *types.Interface:
		if u.Empty() {
			s.out.WriteString("any")
			return nil
		}
		return fmt.Errorf("JSON can't be decoded into the interface %s, which doesn't say which concrete type to create", types.TypeString(t, nil))
	case *types.Chan:
		return fmt.Errorf("a channel can't be stored")
	case *types.Signature:
		return fmt.Errorf("a func can't be stored")
	}
	return fmt.Errorf("a %s can't be stored", types.TypeString(t, nil))
}

// heldSecret returns T if t is a saga.Secret[T].
func heldSecret(t types.Type) (types.Type, bool) {
	if !typeutil.IsNamed(t, typeutil.RuntimePath, "Secret") {
		return nil, false
	}
	arguments := types.Unalias(t).(*types.Named).TypeArgs()
	if arguments.Len() != 1 {
		return nil, false
	}
	return arguments.At(0), true
}

// inside writes the shape of a part of the current type, one level further in.
func (s *shaper) inside(step string, t types.Type, addressable bool) error {
	s.path = append(s.path, step)
	s.around++
	if err := s.write(t, addressable); err != nil {
		return err
	}
	s.path = s.path[:len(s.path)-1]
	s.around--
	return nil
}

func (s *shaper) basic(b *types.Basic) error {
	if b.Info()&(types.IsBoolean|types.IsInteger|types.IsFloat|types.IsString) == 0 || b.Info()&types.IsUntyped != 0 {
		return fmt.Errorf("a %s can't be stored", b.Name())
	}
	s.out.WriteString(types.Typ[b.Kind()].Name())
	return nil
}

func (s *shaper) mapKey(t types.Type) error {
	b, ok := t.Underlying().(*types.Basic)
	switch {
	case ok && b.Info()&types.IsString != 0 && hasMethod(t, "UnmarshalText", true):
		return fmt.Errorf("encoding/json writes a map key of type %s unchanged, but reads it with UnmarshalText: use string as the key type", types.TypeString(t, nil))
	case ok && b.Info()&types.IsString != 0: // even if it has a MarshalText
		return s.basic(b)
	case hasMethod(t, "MarshalText", false) && hasMethod(t, "UnmarshalText", true):
		s.out.WriteString(types.TypeString(types.Unalias(t), nil))
		return nil
	case hasMethod(t, "MarshalText", false), hasMethod(t, "UnmarshalText", true):
		return fmt.Errorf("encoding/json writes a map key of type %s in another form than it reads: declare both MarshalText, with a value receiver, and UnmarshalText", types.TypeString(t, nil))
	case ok && b.Info()&types.IsInteger != 0:
		return s.basic(b)
	}
	return fmt.Errorf("a %s can't be the key of a JSON object", types.TypeString(t, nil))
}

func (s *shaper) fields(t *types.Struct, addressable bool) error {
	fields, _, dropped := jsonFields(t)
	if len(dropped) > 0 {
		return fmt.Errorf("its embedded structs have several fields %s, and encoding/json omits fields with conflicting names: add a json tag to one of them, or name the embedded fields", naming.Enumerate(naming.Quoted(dropped), "and"))
	}
	if len(fields) == 0 && !mayDropAll(t) {
		return fmt.Errorf("encoding/json sees none of its %d fields, so all would be lost: export them, or declare MarshalJSON and UnmarshalJSON on the type", t.NumFields())
	}
	s.out.WriteByte('{')
	for i, f := range fields {
		if i > 0 {
			s.out.WriteByte(',')
		}
		s.out.WriteString(strconv.Quote(f.name))
		if f.optional {
			s.out.WriteByte('?')
		}
		s.out.WriteByte(':')
		if f.unsettable {
			return fmt.Errorf("its field %s is in an unexported struct that is embedded by pointer, which encoding/json can't decode: embed the struct by value", f.field.Name())
		}
		if f.quoted && (hasEncoder(typeutil.Deref(f.field.Type()), true) || hasDecoder(typeutil.Deref(f.field.Type()))) {
			return fmt.Errorf("its field %s encodes itself, and encoding/json can't decode that with the string option: remove the option", f.field.Name())
		}
		if f.quoted {
			s.out.WriteString("quoted(")
		}
		if err := s.inside("."+f.field.Name(), f.field.Type(), addressable || f.behindPointer); err != nil {
			return err
		}
		if f.quoted {
			s.out.WriteByte(')')
		}
	}
	s.out.WriteByte('}')
	return nil
}

// encodesItself reports whether t has its own methods for encoding and
// decoding. It returns an error if it has only one of the two.
func encodesItself(t types.Type, addressable bool) (bool, error) {
	if typeutil.IsNamed(t, "encoding/json", "Number") {
		return true, nil
	}
	if types.IsInterface(t) {
		return false, nil
	}
	if p, ok := types.Unalias(t).(*types.Pointer); ok && !types.IsInterface(p.Elem()) {
		return false, nil // its element says it
	}
	encodes := hasEncoder(t, addressable)
	if by := promotesCoding(t); by != "" {
		return false, fmt.Errorf("encoding/json uses the MarshalJSON or UnmarshalJSON of the embedded %s for the whole %s, so its other fields would be lost: turn %s into a named field, or declare both methods on the type", by, types.TypeString(t, nil), by)
	}
	switch {
	case encodes && hasDecoder(t):
		return true, nil
	case encodes:
		return false, fmt.Errorf("%s encodes itself as JSON, but can't decode itself: add UnmarshalJSON or UnmarshalText", types.TypeString(t, nil))
	case readsTextAlone(t):
		return false, fmt.Errorf("%s decodes itself from text, but doesn't encode itself as text: add MarshalText", types.TypeString(t, nil))
	case hasEncoder(t, true):
		return false, fmt.Errorf("%s encodes itself only through a pointer: use a pointer to it, or declare its MarshalJSON or MarshalText with a value receiver", types.TypeString(t, nil))
	}
	return false, nil
}

// promotesCoding returns the name of an embedded field whose promoted methods
// make a struct encode or decode itself, although the struct has other fields.
func promotesCoding(t types.Type) string {
	u, ok := t.Underlying().(*types.Struct)
	if !ok {
		return ""
	}
	for _, name := range []string{encoderOf(t), decoderOf(t)} {
		_, path, _ := types.LookupFieldOrMethod(t, true, nil, name)
		if len(path) < 2 || !hasMethod(t, name, true) {
			continue
		}
		for i := range u.NumFields() {
			if i != path[0] && (u.Field(i).Exported() || u.Field(i).Embedded()) && reflect.StructTag(u.Tag(i)).Get("json") != "-" {
				return u.Field(path[0]).Name()
			}
		}
	}
	return ""
}

// readsTextAlone reports whether t decodes itself from a text that
// encoding/json doesn't produce for it. Strings are encoded as text anyway.
func readsTextAlone(t types.Type) bool {
	b, ok := t.Underlying().(*types.Basic)
	isString := ok && b.Info()&types.IsString != 0
	return !isString && !hasEncoder(t, true) && hasMethod(t, "UnmarshalText", true) && !hasMethod(t, "UnmarshalJSON", true)
}

// encoderOf returns the name of the method that would encode an addressable t.
func encoderOf(t types.Type) string {
	if hasMethod(t, "MarshalJSON", true) {
		return "MarshalJSON"
	}
	return "MarshalText"
}

// decoderOf returns the name of the method that would decode t.
func decoderOf(t types.Type) string {
	if hasMethod(t, "UnmarshalJSON", true) {
		return "UnmarshalJSON"
	}
	return "UnmarshalText"
}

func hasEncoder(t types.Type, addressable bool) bool {
	return hasMethod(t, "MarshalJSON", addressable) || hasMethod(t, "MarshalText", addressable)
}

func hasDecoder(t types.Type) bool {
	return hasMethod(t, "UnmarshalJSON", true) || hasMethod(t, "UnmarshalText", true)
}

// hasMethod reports whether t, or *t if addressable, has the method with the
// signature that encoding/json requires.
func hasMethod(t types.Type, name string, addressable bool) bool {
	obj, _, _ := types.LookupFieldOrMethod(t, addressable, nil, name)
	f, ok := obj.(*types.Func)
	if !ok {
		return false
	}
	want := decoderSignature
	if strings.HasPrefix(name, "Marshal") {
		want = encoderSignature
	}
	return types.Identical(f.Signature(), want)
}

var (
	bytesVar = types.NewVar(token.NoPos, nil, "", types.NewSlice(types.Typ[types.Byte]))
	errorVar = types.NewVar(token.NoPos, nil, "", types.Universe.Lookup("error").Type())

	encoderSignature = types.NewSignatureType(nil, nil, nil, nil, types.NewTuple(bytesVar, errorVar), false)
	decoderSignature = types.NewSignatureType(nil, nil, nil, types.NewTuple(bytesVar), types.NewTuple(errorVar), false)
)
