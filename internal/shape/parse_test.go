package shape

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// shapesOfSagagen are examples of shapes that sagagen writes.
var shapesOfSagagen = []string{
	"null",
	"bytes",
	"{}",
	`{"Car":string,"Card":string}`,
	`{"-":int,"Bad":int,"Twice2"?:int,"a \"b\\":*[]map[int8][2]bool}`,
	`{"At":time.Time,"Big":*math/big.Int,"Number":encoding/json.Number,"Quoted":quoted(int),"float"?:quoted(*float64)}`,
	`{"Kind":int,"Left":*@2,"Right":*@2}`,
	`[]*{"All":@3,"Next":*@2,"Ways":map[string]@2}`,
	`map[example.com/p.Encoded]string`,
	`map[example.com/p.Set[[]int,map[string]struct{A int "json:\"]\""}]]4d63.com/x-y~z.Größe[func(int) (a, b string)]`,
	`[]struct{time.Time; n int}`,
}

func TestShapesOfSagagenAreParsed(t *testing.T) {
	for _, text := range shapesOfSagagen {
		s, err := parse(text)
		if assert.NoError(t, err, text) {
			assert.Equal(t, text, s.write())
		}
	}
	s, err := parse(`{"b":*int,"a"?:quoted(bool)}`)
	require.NoError(t, err)
	assert.Equal(t, `{"a"?:quoted(bool),"b":*int}`, s.write(), "fields may be in any order")
	assert.Nil(t, s.field("c"))
}

func TestParseRejectsInvalidShapes(t *testing.T) {
	for text, want := range map[string]string{
		"":                      "at byte 0: want a type",
		"*":                     "at byte 1: want a type",
		"[]":                    "at byte 2: want a type",
		"[x]int":                "at byte 1: want the length of an array",
		"[3int":                 `at byte 2: want "]"`,
		"map[]int":              "at byte 4: want a type",
		"map[string":            `at byte 10: want "]"`,
		"map[string]":           "at byte 11: want a type",
		"quoted(int)":           "at byte 6: want the end of a type",
		`{"a":*quoted(int)}`:    "at byte 12: want the end of a type",
		`{"a":quoted(int`:       `at byte 15: want ")"`,
		"secret(int":            `at byte 10: want ")"`,
		"@":                     "at byte 1: want the number of a type around this, 1 to 0",
		"[]@0":                  "at byte 4: want the number of a type around this, 1 to 1",
		"[]@01":                 "at byte 5: want the number of a type around this, 1 to 1",
		"[]@2":                  "at byte 4: want the number of a type around this, 1 to 1",
		"[]@Tree":               "at byte 3: want the number of a type around this, 1 to 1",
		"[]@1x":                 "at byte 4: unexpected text after the type",
		"[]**@2":                "at byte 6: want a recursive type with something other than pointers",
		"int,":                  "at byte 3: unexpected text after the type",
		"int}":                  "at byte 3: unexpected text after the type",
		"a.B[c)":                "at byte 5: want ']'",
		"a.B[c":                 `at byte 5: want ']'`,
		`a.B["c`:                "at byte 4: unterminated string",
		`int"c"`:                "at byte 3: want the end of a type",
		"{":                     "at byte 1: want the quoted name of a field",
		`{a:int}`:               "at byte 1: want the quoted name of a field",
		`{"a"}`:                 `at byte 4: want ":"`,
		`{"a":}`:                "at byte 5: want a type",
		`{"a":int`:              `at byte 8: want ","`,
		`{"a":int "b":int}`:     "at byte 9: want the end of a type",
		`{"a":int,}`:            "at byte 9: want the quoted name of a field",
		`{"a":int,"a"?:string}`: `at byte 21: two fields are named "a"`,
	} {
		_, err := parse(text)
		assert.EqualError(t, err, want, "%s", text)
	}
}

func TestDepthOfAShapeIsLimited(t *testing.T) {
	for _, part := range []string{"*", "[]", "[1]", "map[string]", `{"a":`, `{"a":quoted(`, "secret("} {
		deep := strings.Repeat(part, 100_000)
		_, err := parse(deep)
		assert.ErrorIs(t, err, errDepth, part)
		assert.Contains(t, Fits(deep, "int").Reason, "which this program can't read")
	}
	deep := strings.Repeat("*", maxDepth-1)
	assert.Nil(t, Fits(deep+"int32", deep+"int64"))
	_, err := parse(strings.Repeat("a[", 100_000))
	assert.Error(t, err)
}

// write returns the shape's text, built from its parts. around are the types
// around it.
func (s *shape) write(around ...*shape) string {
	if i := slices.Index(around, s); i >= 0 {
		return "@" + strconv.Itoa(len(around)-i)
	}
	if s.kind != kindQuoted {
		around = append(slices.Clip(around), s)
	}
	switch s.kind {
	case kindPtr:
		return "*" + s.elem.write(around...)
	case kindSlice:
		return "[]" + s.elem.write(around...)
	case kindArray:
		return "[" + s.size + "]" + s.elem.write(around...)
	case kindMap:
		return "map[" + s.key.write() + "]" + s.elem.write(around...)
	case kindQuoted:
		return "quoted(" + s.elem.write(around...) + ")"
	case kindSecret:
		return "secret(" + s.elem.write(around...) + ")"
	case kindObject:
		var fields []string
		for _, f := range s.fields {
			mark := ""
			if f.optional {
				mark = "?"
			}
			fields = append(fields, strconv.Quote(f.name)+mark+":"+f.write(around...))
		}
		return "{" + strings.Join(fields, ",") + "}"
	}
	return s.text
}

func FuzzShape(f *testing.F) {
	for i, text := range shapesOfSagagen {
		f.Add(text, shapesOfSagagen[len(shapesOfSagagen)-1-i])
	}
	f.Add(`{"a":int8,"b"?:string}`, `{"a":*int,"c"?:any}`)
	f.Add(`{"a":*@2}`, `{"a":*{"a":**@5}}`)
	f.Add(strings.Repeat("[]", 2000), "[9]@1")
	f.Fuzz(func(t *testing.T, was, is string) {
		Fits(was, is)
		s, err := parse(was)
		if err != nil {
			return
		}
		written := s.write()
		again, err := parse(written)
		require.NoError(t, err)
		require.Equal(t, written, again.write())
		require.Nil(t, comparison{}.fits(s, again), "a shape fits itself")
		require.Nil(t, Fits(was, "any"))
	})
}
