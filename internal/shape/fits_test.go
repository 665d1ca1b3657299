package shape

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Endings of long messages.
const (
	isNew     = "is new, and old data doesn't have it: add omitempty or make it a pointer"
	readAsNil = ": the empty value would be read as nil"
	isRename  = "if this is a rename, its data would be lost; " +
		"remove the one and add the other in separate versions"
)

func TestFits(t *testing.T) {
	for _, c := range []struct{ was, is, misfit string }{
		{"", "int", ""},
		{"int", "", ""},
		{"no shape]", "no shape]", ""},
		{"no shape]", "int", `was no shape], which this program can't read: at byte 8: unexpected text after the type`},
		{"int", "[]", `is [], which this program can't read: at byte 2: want a type`},

		{"int32", "int64", ""},
		{"int32", "int", ""},
		{"int", "int64", ""},
		{"uint32", "int64", ""},
		{"uint8", "uint64", ""},
		{"int64", "int", "was int64, is int"},
		{"int64", "int32", "was int64, is int32"},
		{"int", "uint64", "was int, is uint64"},
		{"uint32", "int", "was uint32, is int"},
		{"uint64", "int64", "was uint64, is int64"},
		{"int", "float64", "was int, is float64"},
		{"float32", "float64", "was float32, is float64"},
		{"int64", "string", "was int64, is string"},

		{"string", "any", ""},
		{`{"Left":*@2}`, "any", ""},
		{"any", "string", "was any, is string"},
		{"string", "*string", ""},
		{"string", "**string", ""},
		{"string", "*int", "was string, is *int"},
		{`{"a":string}`, `*{"a":int}`, ".a: was string, is int"},
		{"*string", "string", "was *string, is string"},
		{"*int8", "*int16", ""},
		{"null", "*int", ""},
		{"null", "int", "was null, is int"},
		{"int", "null", ""},
		{"any", "*any", ""},

		{"[]int8", "[]int16", ""},
		{"[]int16", "[]int8", "[]: was int16, is int8"},
		{"[2]int8", "[2]int16", ""},
		{"[2]int8", "[3]int8", "was [2]int8, is [3]int8"},
		{"[2]int8", "[]int8", "was [2]int8, is []int8"},
		{"bytes", "[]int", "was bytes, is []int"},
		{"map[int8]int", "map[int16]any", ""},
		{"map[int16]int", "map[string]int", "[key]: was int16, is string"},
		{"map[string]int16", "map[string]int8", "[]: was int16, is int8"},
		{`{"a":quoted(int8)}`, `{"a":quoted(*int16)}`, ""},
		{`{"a":quoted(int)}`, `{"a":int}`, ".a: was quoted(int), is int"},
		{`{"a":int}`, `{"a":quoted(int)}`, ".a: was int, is quoted(int)"},
		{`{"a"?:quoted(int)}`, `{"a":quoted(*int)}`,
			".a: was quoted(int) and omitted if empty, is quoted(*int)" + readAsNil},
		{"time.Time", "example.com/p.Time", "was time.Time, is example.com/p.Time"},

		{`{"a":int}`, `{"a":int,"b"?:string}`, ""},
		{`{"a":int}`, `{"a":int,"b":*string}`, ""},
		{`{"a":int}`, `{"a":int,"b":quoted(*int)}`, ""},
		{`string`, `secret(string)`, ""},
		{`int8`, `secret(*int)`, ""},
		{`secret(int8)`, `secret(int)`, ""},
		{`secret(int)`, `secret(int8)`, "was int, is int8"},
		{`string`, `secret(int)`, "was string, is secret(int)"},
		{`secret(string)`, `string`, "was secret(string), is string"},
		{`secret(string)`, `any`, "was secret(string), is any"},
		{`{"a":string}`, `secret({"a":int})`, ".a: was string, is int"},
		{`{"a":int}`, `{"a":int,"b":secret(string)}`, ".b: " + isNew},
		{`{"a":int}`, `{"a":int,"b":secret(*string)}`, ""},
		{`{"a"?:string}`, `{"a":secret(*string)}`,
			".a: was string and omitted if empty, is secret(*string)" + readAsNil},
		{`{"a":int}`, `{"a":int,"b":string}`, ".b: " + isNew},
		{`{"a":int,"b":string}`, `{"a":int}`, ""},
		{`{"a":int,"b":string}`, `{"a":int,"c"?:string}`,
			`.b: is gone, and "c" is new: ` + isRename},
		{`{"a":int,"b":string}`, `{"B":string,"a":int}`,
			`.b: is gone, and "B" is new: ` + isRename},
		{`{"A":int,"a":string}`, `{"a":string}`, `.A: is gone, and its data would be read as "a"`},
		{`{"a":int}`, `{"a"?:int}`, ""},
		{`{"a"?:int}`, `{"a":int}`, ""},
		{`{"a"?:int}`, `{"a":*int}`, ".a: was int and omitted if empty, is *int" + readAsNil},
		{`{"a"?:int}`, `{"a":any}`, ".a: was int and omitted if empty, is any" + readAsNil},
		{`{"a"?:*int}`, `{"a":any}`, ""},
		{`{"Rooms":[]{"Beds":int64}}`, `{"Rooms":[]{"Beds":string}}`, ".Rooms[].Beds: was int64, is string"},
		{`{"a b":{"c":[]map[string]int64}}`, `{"a b":{"c":[]map[string]string}}`,
			`["a b"].c[][]: was int64, is string`},

		{`{"Kind":int32,"Left":*@2}`, `{"Kind":int64,"Left":*@2}`, ""},
		{`{"Left":[]@2}`, `{"Left":[]*@3}`, ""},
		{`{"Left":[]*@3}`, `{"Left":[]@2}`, `.Left[]: was *@3, is {"Left":[]@2}`},
		{`{"Left":*@2}`, `{"Left":*{"Left":*@2}}`, ""},
		{`{"Left":*{"Left":*@4}}`, `{"Left":*{"Left":*{"Left":*@6}}}`, ""},
		{`{"Left":*{"Left":*@2}}`, `{"Left":*@2,"Right"?:int}`, ""},
		{`{"Left":*@2}`, `{"Left":*{"Left":*@2,"Right":int}}`, ".Left.Right: " + isNew},
		{`{"Left":*{"Kind":int64,"Left":*@4}}`, `{"Left":*{"Kind":int8,"Left":*@2}}`, ".Left.Kind: was int64, is int8"},
		// The same text has another meaning at another place.
		{`{"a":int8,"b":{"c":*@2}}`, `{"a":int8,"b":{"c":*@3}}`, `.b.c.c: is gone, and "a" is new: ` + isRename},
		{`{"a":int,"b"?:*@2}`, `{"a":int,"b"?:any}`, ""},

		{"{" + strings.Repeat("x", 10) + "}", "int",
			"was {xxxxxxxxxx}, which this program can't read: at byte 1: want the quoted name of a field"},
		{`{"x` + strings.Repeat("ä", 100) + `":int}`, "int", `was {"x` + strings.Repeat("ä", 38) + `…, is int`},
	} {
		got := ""
		if m := Fits(c.was, c.is); m != nil {
			got = strings.TrimPrefix(m.Path+": "+m.Reason, ": ")
		}
		assert.Equal(t, c.misfit, got, "%s → %s", c.was, c.is)
	}
}

// encoding/json reads data that fits without an error and without loss. Types,
// values and changes are random.
func TestFittingDataIsReadWithoutLoss(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	fitting, changed := 0, 0
	for range 2_000 {
		was := parsed(t, randomShape(r, 3))
		is := parsed(t, vary(r, was))
		if (comparison{}).fits(was, is) != nil {
			continue
		}
		fitting++
		if was.text != is.text {
			changed++
		}
		label := fmt.Sprintf("seed %d: %s → %s", seed, was.text, is.text)
		value := reflect.New(was.goType(true)).Elem()
		fill(r, value)
		written, err := json.Marshal(value.Interface())
		require.NoError(t, err, label)
		read := reflect.New(is.goType(false))
		require.NoError(t, json.Unmarshal(written, read.Interface()), "%s: %s", label, written)
		// Compare with the whole value, including omitted fields.
		held, err := json.Marshal(value.Convert(was.goType(false)).Interface())
		require.NoError(t, err, label)
		got, err := json.Marshal(read.Interface())
		require.NoError(t, err, label)
		require.True(t, keeps(decode(t, held), decode(t, got)), "%s: %s became %s", label, held, got)
	}
	assert.Greater(t, fitting, 500, "seed %d", seed)
	assert.Greater(t, changed, 100, "seed %d", seed)
}

func parsed(t *testing.T, text string) *shape {
	t.Helper()
	s, err := parse(text)
	require.NoError(t, err)
	return s
}

var basicTypes = map[string]reflect.Type{
	"string": reflect.TypeFor[string](), "bool": reflect.TypeFor[bool](), "float64": reflect.TypeFor[float64](),
	"int": reflect.TypeFor[int](), "int8": reflect.TypeFor[int8](), "int16": reflect.TypeFor[int16](),
	"int32": reflect.TypeFor[int32](), "int64": reflect.TypeFor[int64](),
	"uint": reflect.TypeFor[uint](), "uint8": reflect.TypeFor[uint8](), "uint16": reflect.TypeFor[uint16](),
	"uint32": reflect.TypeFor[uint32](), "uint64": reflect.TypeFor[uint64](),
	"bytes": reflect.TypeFor[[]byte](), "any": reflect.TypeFor[json.RawMessage](), // keeps numbers unchanged
}

var (
	basicNames = []string{"string", "bool", "float64", "int", "int8", "int16", "int32", "int64",
		"uint", "uint8", "uint16", "uint32", "uint64", "bytes", "any"}
	fieldNames = []string{"A", "B", "a", "b", "c"}
)

func pick(r *rand.Rand, list []string) string { return list[r.IntN(len(list))] }

func randomShape(r *rand.Rand, depth int) string {
	if depth == 0 {
		return pick(r, basicNames)
	}
	switch r.IntN(8) {
	case 0:
		return "*" + randomShape(r, depth-1)
	case 1:
		if elem := randomShape(r, depth-1); elem != "uint8" { // that is bytes
			return "[]" + elem
		}
		return "bytes"
	case 2:
		return "[2]" + randomShape(r, depth-1)
	case 3:
		return "map[" + pick(r, []string{"string", "int8", "int64"}) + "]" + randomShape(r, depth-1)
	case 4:
		return pick(r, basicNames)
	}
	var fields []string
	for _, name := range fieldNames {
		if r.IntN(2) == 0 {
			fields = append(fields, randomField(r, name, depth))
		}
	}
	return "{" + strings.Join(fields, ",") + "}"
}

func randomField(r *rand.Rand, name string, depth int) string {
	shape := randomShape(r, depth-1)
	if r.IntN(6) == 0 {
		shape = "quoted(" + pick(r, []string{"", "*"}) + pick(r, basicNames[:13]) + ")"
	}
	return strconv.Quote(name) + pick(r, []string{"", "?"}) + ":" + shape
}

// vary returns the text of the shape with some random changes.
func vary(r *rand.Rand, s *shape) string {
	switch r.IntN(20) {
	case 0:
		if s.kind != kindQuoted {
			return "*" + s.write()
		}
		return "quoted(*" + strings.TrimPrefix(s.elem.write(), "*") + ")"
	case 1:
		return randomShape(r, 1)
	case 2:
		if s.elem != nil {
			return s.elem.write()
		}
	}
	switch s.kind {
	case kindWord:
		if wider := widerIntegers[s.text]; len(wider) > 0 && r.IntN(3) == 0 {
			return pick(r, wider)
		}
	case kindPtr:
		return "*" + vary(r, s.elem)
	case kindSlice:
		if elem := vary(r, s.elem); elem != "uint8" {
			return "[]" + elem
		}
	case kindArray:
		return "[2]" + vary(r, s.elem)
	case kindMap:
		return "map[" + s.key.text + "]" + vary(r, s.elem)
	case kindObject:
		return varyFields(r, s)
	}
	return s.write()
}

func varyFields(r *rand.Rand, s *shape) string {
	var fields []string
	drop, add := r.IntN(4) == 0, r.IntN(4) == 0
	for _, name := range fieldNames {
		f := s.field(name)
		switch {
		case f == nil && add && r.IntN(3) == 0:
			fields = append(fields, randomField(r, name, 1))
		case f == nil, drop && r.IntN(3) == 0:
		default:
			optional := f.optional != (r.IntN(6) == 0)
			fields = append(fields, strconv.Quote(name)+map[bool]string{true: "?"}[optional]+":"+vary(r, f.shape))
		}
	}
	return "{" + strings.Join(fields, ",") + "}"
}

// goType returns a Go type with this shape. If omit is set, optional fields
// have omitempty.
func (s *shape) goType(omit bool) reflect.Type {
	switch s.kind {
	case kindPtr:
		return reflect.PointerTo(s.elem.goType(omit))
	case kindSlice:
		return reflect.SliceOf(s.elem.goType(omit))
	case kindArray:
		return reflect.ArrayOf(2, s.elem.goType(omit))
	case kindMap:
		return reflect.MapOf(s.key.goType(omit), s.elem.goType(omit))
	case kindQuoted:
		return s.elem.goType(omit)
	case kindObject:
		var fields []reflect.StructField
		for i, f := range s.fields {
			tag := f.name
			if f.optional && omit {
				tag += ",omitempty"
			}
			if f.kind == kindQuoted {
				tag += ",string"
			}
			fields = append(fields, reflect.StructField{
				Name: fmt.Sprintf("F%d", i), Type: f.goType(omit), Tag: reflect.StructTag(fmt.Sprintf("json:%q", tag)),
			})
		}
		return reflect.StructOf(fields)
	}
	return basicTypes[s.text]
}

// fill sets v to a random value. Slices and maps are either nil or not empty,
// because encoding/json omits both kinds of empty values.
func fill(r *rand.Rand, v reflect.Value) {
	if r.IntN(4) == 0 {
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("text")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Float64:
		v.SetFloat(r.NormFloat64())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(int64(r.Uint64()) >> (64 - v.Type().Bits()))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(r.Uint64() >> (64 - v.Type().Bits()))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(r, v.Elem())
	case reflect.Slice:
		switch v.Type() {
		case basicTypes["any"]:
			v.SetBytes([]byte(`{"x":12345678901234567890}`))
		case basicTypes["bytes"]:
			v.SetBytes([]byte{1, 2, 3})
		default:
			v.Set(reflect.MakeSlice(v.Type(), 2, 2))
			fill(r, v.Index(0))
			fill(r, v.Index(1))
		}
	case reflect.Array:
		fill(r, v.Index(0))
		fill(r, v.Index(1))
	case reflect.Map:
		key, elem := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(r, key)
		fill(r, elem)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, elem)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(r, v.Field(i))
		}
	}
}

func decode(t *testing.T, text []byte) (v any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	require.NoError(t, d.Decode(&v))
	return v
}

// keeps reports whether b contains everything in a, except for fields that b
// doesn't have.
func keeps(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		object, ok := b.(map[string]any)
		if !ok {
			return false
		}
		for name, value := range a {
			if got, known := object[name]; known && !keeps(value, got) {
				return false
			}
		}
		return true
	case []any:
		list, ok := b.([]any)
		return ok && slices.EqualFunc(a, list, keeps)
	}
	return reflect.DeepEqual(a, b)
}
