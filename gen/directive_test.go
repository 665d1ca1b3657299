package gen

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseDirectiveReadsAllArguments(t *testing.T) {
	minute, second, attempts, limit := time.Minute, time.Second, 1, 20
	for text, want := range map[string]directive{
		`//saga:do payment noundo`: {
			verb: "do", names: []nameArg{{name: "payment", offset: 10}},
			noundo: argument{text: "noundo", value: "noundo", offset: 18, valueOffset: 18},
		},
		"//saga:do\tpayment  label=\"Charge \\\"it\\\"\" timeout=1m attempts=1\tbackoff=1s limit=20 ": {
			verb: "do", names: []nameArg{{name: "payment", offset: 10}},
			label:  `Charge "it"`,
			policy: Policy{Timeout: &minute, Backoff: &second, Attempts: &attempts, Limit: &limit},
		},
		`//saga:append hotel second=hotel third=pkg.hotel`: {
			verb: "append", names: []nameArg{
				{name: "hotel", offset: 14},
				{name: "second", offset: 20, action: reference{name: "hotel", offset: 27}},
				{name: "third", offset: 33, action: reference{pkg: "pkg", name: "hotel", offset: 39}},
			},
		},
		`//saga:node second=hotel after=a,"b`: {
			verb: "node", names: []nameArg{{name: "second", offset: 12, action: reference{name: "hotel", offset: 19}}},
			after: []nameArg{{name: "a", offset: 31}}, flawed: true,
		},
		`//saga:node x after="a, b"`: {
			verb: "node", names: []nameArg{{name: "x", offset: 12}},
			after: []nameArg{{name: "a", offset: 21}, {name: "b", offset: 24}},
		},
		`//saga:constant region value=regions.North`: {
			verb: "constant", names: []nameArg{{name: "region", offset: 16}},
			value: reference{pkg: "regions", name: "North", offset: 29},
		},
		`//saga:subsaga trip dag=pkg.book-trip params=request`: {
			verb: "subsaga", names: []nameArg{{name: "trip", offset: 15}},
			dag: reference{pkg: "pkg", name: "book-trip", offset: 24}, params: reference{name: "request", offset: 45},
		},
	} {
		found, mistakes, ok := parseDirective(text)
		require.True(t, ok, text)
		assert.Equal(t, want, found, text)
		assert.Equal(t, want.flawed, len(mistakes) > 0, "%s: %v", text, mistakes)
	}
}

func TestParseDirectiveLeavesOtherCommentsAlone(t *testing.T) {
	for _, text := range []string{"", "//", "// saga:do x", "//go:generate sagagen", "//saga:", "//saga: do", "//sagas:do x", "/*saga:do x*/", "//Saga:do x"} {
		_, mistakes, ok := parseDirective(text)
		assert.False(t, ok, text)
		assert.Empty(t, mistakes, text)
	}
}

func TestMistakesInTextAreAtTheirArgument(t *testing.T) {
	for _, c := range []struct {
		text string
		code Code
		at   string // what the text goes on with at the mistake
	}{
		{`//saga:doo x`, CodeUnknownDirective, "doo"},
		{`//saga:do x label="a`, CodeQuoting, `"a`},
		{`//saga:do x label="a"b`, CodeQuoting, "b"},
		{`//saga:do x label=a"b`, CodeQuoting, `a"b`},
		{`//saga:do x label=charge the card noundo`, CodeQuoting, "charge the"},
		{`//saga:do x label='charge' noundo`, CodeQuoting, "'charge'"},
		{`//saga:do x noundo // it is`, CodeTrailingRemark, "// it"},
		{`//saga:do x noundo # it is`, CodeTrailingRemark, "# it"},
		{`//saga:do x y`, CodeUnknownArgument, "y"},
		{`//saga:do x says a lot of words`, CodeUnknownArgument, "says"},
		{`//saga:do x timeout:3s`, CodeUnknownArgument, "timeout:"},
		{`//saga:do x retries`, CodeUnknownArgument, "retries"},
		{`//saga:do x undo`, CodeUnknownArgument, "undo"},
		{`//saga:do x undo=y`, CodeUnknownArgument, "undo=y"},
		{`//saga:do x noundo=false`, CodeUnknownArgument, "noundo=false"},
		{`//saga:do x tiemout=3s`, CodeUnknownArgument, "tiemout"},
		{`//saga:undo x noundo`, CodeUnknownArgument, "noundo"},
		{`//saga:undo x label=y`, CodeUnknownArgument, "label"},
		{`//saga:append x after=y`, CodeUnknownArgument, "after"},
		{`//saga:dag x=y`, CodeUnknownArgument, "x=y"},
		{`//saga:do x =y`, CodeUnknownArgument, "=y"},
		{`//saga:do x attempts=2 attempts=2`, CodeRepeatedArgument, "attempts=2"},
		{`//saga:node x after=a,b,a`, CodeRepeatedArgument, "a"},
		{`//saga:do x timeout=`, CodeEmptyValue, "timeout="},
		{`//saga:do x timeout=""`, CodeEmptyValue, "timeout="},
		{`//saga:node x after=a,,b`, CodeEmptyValue, ",b"},
		{`//saga:node x after=a, b, c`, CodeEmptyValue, "b, c"},
		{`//saga:node x after=a ,b`, CodeEmptyValue, ",b"},
		{`//saga:node x after a b`, CodeEmptyValue, "after"},
		{`//saga:do x limit`, CodeEmptyValue, "limit"},
		{`//saga:append x=`, CodeEmptyValue, "x="},
		{`//saga:do x timeout=3`, CodeBadValue, "3"},
		{`//saga:do x timeout=-3s`, CodeBadValue, "-3s"},
		{`//saga:do x attempts=3.5`, CodeBadValue, "2.5"},
		{`//saga:do x attempts=99999999999`, CodeBadValue, "99999999999"},
		{`//saga:undo x limit=0`, CodeBadValue, "0"},
		{"//saga:do x label=\"a\u202eb\"", CodeBadValue, `"a`},
		{`//saga:do x label="` + strings.Repeat("a", 129) + `"`, CodeBadValue, `"aaa`},
		{`//saga:do 2x`, CodeBadName, "2x"},
		{`//saga:do é`, CodeBadName, "é"},
		{`//saga:do "x"`, CodeBadName, `"x"`},
		{`//saga:append a, b, c`, CodeBadName, "a, b"},
		{`//saga:append a,b`, CodeBadName, "a,b"},
		{`//saga:append a.b`, CodeBadName, "a.b"},
		{`//saga:do ` + strings.Repeat("x", 65), CodeBadName, "xxx"},
		{`//saga:append x=y.z.a`, CodeBadName, "z.a"},
		{`//saga:append x=.z`, CodeBadName, ".z"},
		{`//saga:constant x value=func`, CodeBadName, "func"},
		{`//saga:constant x value=_`, CodeBadName, "_"},
		{`//saga:node x after=a,b.c`, CodeBadName, "b.c"},
		{`//saga:subsaga x dag=a params=b.c`, CodeBadName, "b.c"},
		{`//saga:do`, CodeMissingArgument, "//saga:do"},
		{`//saga:do noundo x`, CodeMissingArgument, "//saga:do"},
		{`//saga:append`, CodeMissingArgument, "//saga:append"},
		{`//saga:node after=x`, CodeMissingArgument, "//saga:node"},
		{`//saga:constant x`, CodeMissingArgument, "//saga:constant"},
		{`//saga:subsaga x dag=y`, CodeMissingArgument, "//saga:subsaga"},
	} {
		found, mistakes, ok := parseDirective(c.text)
		require.True(t, ok, c.text)
		require.Len(t, mistakes, 1, c.text)
		assert.Equal(t, c.code, mistakes[0].code, "%s: %v", c.text, mistakes)
		assert.True(t, strings.HasPrefix(c.text[mistakes[0].offset:], c.at), "%s: at %q", c.text, c.text[mistakes[0].offset:])
		assert.True(t, found.flawed, c.text)
	}
}

func TestNearMisses(t *testing.T) {
	for comment, want := range map[string]string{
		"// saga:do pay":          "//saga:do pay",
		"//   saga:do pay":        "//saga:do pay",
		"//Saga:do pay":           "//saga:do pay",
		"//SAGA:DO pay":           "//saga:do pay",
		"//saga:Do pay":           "//saga:do pay",
		"//saga: do pay":          "//saga:do pay",
		"//saga :do pay":          "//saga:do pay",
		"//saga do pay":           "//saga:do pay",
		"//saga.do pay":           "//saga:do pay",
		"//saga-undo pay":         "//saga:undo pay",
		"//sagas:do pay":          "//saga:do pay",
		"///saga:do pay":          "//saga:do pay",
		"// +saga:do pay":         "//saga:do pay",
		"//+saga:do pay":          "//saga:do pay",
		"//@saga:do pay":          "//saga:do pay",
		"//go:saga do pay":        "//saga:do pay",
		"//sagagen:do pay":        "//saga:do pay",
		"//Saga:apend pay":        "//saga:append pay",
		"/*saga:do pay*/":         "//saga:do pay",
		"/* saga:do pay */":       "//saga:do pay",
		"/*saga:do pay\nnow */":   "//saga:do pay",
		"//saga: dag trip noundo": "//saga:dag trip noundo",
	} {
		meant, ok := nearMiss(comment)
		assert.True(t, ok, comment)
		assert.Equal(t, want, meant, comment)
	}
	for _, comment := range []string{
		"//saga:do pay", "//saga:anything", "//\tsaga:do pay", "// //saga:do pay", "// saga", "// A saga: do it.",
		"// saga do pay", "// Saga node x is placed.", "// saga: the word", "// sagas: two", "//go:generate sagagen", "//nolint:saga", "/// saga node x is placed.",
	} {
		_, ok := nearMiss(comment)
		assert.False(t, ok, comment)
	}
	for _, comment := range []string{"//saga:", "//saga: what", "//saga:(do)"} {
		meant, ok := nearMiss(comment)
		assert.True(t, ok, comment)
		assert.Empty(t, meant, comment)
	}
}

func TestNamesAreComparedByLettersAndDigits(t *testing.T) {
	assert.True(t, alike("instanceID", "instance_id"))
	assert.True(t, alike("x-1", "X1"))
	assert.False(t, alike("x1", "x2"))
}

func TestClosestFindsMisspellings(t *testing.T) {
	candidates := []string{"hotel", "flight", "car", "payment"}
	for name, want := range map[string]string{
		"hotl": "hotel", "fligth": "flight", "Pay-Ment": "payment", "cat": "car", "x": "", "summary": "",
	} {
		found, ok := Closest(name, candidates)
		assert.Equal(t, want, found, name)
		assert.Equal(t, want != "", ok, name)
	}
}

func TestEnumerateIsShort(t *testing.T) {
	assert.Equal(t, "none", enumerate(nil, "and"))
	assert.Equal(t, "a", enumerate([]string{"a"}, "and"))
	assert.Equal(t, "a, b or c", enumerate([]string{"a", "b", "c"}, "or"))
	assert.Equal(t, "x, x, x, x, x, x, x and 13 more", enumerate(slices.Repeat([]string{"x"}, 20), "and"))
}

func FuzzDirective(f *testing.F) {
	for _, verb := range verbs {
		f.Add("//saga:" + verb + " name=pkg.action b")
	}
	f.Add(`//saga:do payment noundo label="Charge \u202e card" timeout=10s attempts=6 backoff=1h // why`)
	f.Add(`//saga:node a after="b, c",d`)
	f.Add(`//saga:constant a value=x.Y value="`)
	f.Add("//saga:append =A0")
	f.Add("// saga : do x")
	f.Add("/*saga:undo\x00*/")
	f.Add("//saga:\xff \xff=\xff")
	f.Fuzz(func(t *testing.T, text string) {
		d, mistakes, ok := parseDirective(text)
		again, againMistakes, _ := parseDirective(text)
		assert.Equal(t, d, again)
		assert.Equal(t, mistakes, againMistakes)
		if !ok {
			assert.Empty(t, mistakes)
			if meant, miss := nearMiss(text); miss && meant != "" {
				_, _, ok := parseDirective(meant)
				assert.True(t, ok, "%q is meant as %q", text, meant)
			}
			return
		}
		_, known := forms[d.verb]
		assert.True(t, known || d.verb == "" && len(mistakes) > 0)
		assert.Equal(t, len(mistakes) > 0, d.flawed)
		for _, m := range mistakes {
			assert.NotEmpty(t, codeSummaries[m.code])
			assert.True(t, m.offset >= 0 && m.offset <= len(text), "offset %d of %q", m.offset, text)
			assert.NotContains(t, m.message, "\n")
		}
		if len(mistakes) == 0 {
			assert.NotEmpty(t, d.names)
		}
		for _, n := range append(slices.Clone(d.names), d.after...) {
			assert.NoError(t, validName(n.name))
			assert.True(t, strings.HasPrefix(text[n.offset:], n.name), "%q at %d of %q", n.name, n.offset, text)
		}
		for _, n := range d.names {
			assert.True(t, n.action.name == "" || strings.HasPrefix(text[n.action.offset:], n.action.String()))
		}
	})
}
