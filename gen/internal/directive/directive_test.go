package directive

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sagagen/sagagen/gen/diag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseDirectiveReadsAllArguments(t *testing.T) {
	minute, second, attempts, limit := time.Minute, time.Second, 1, 20
	for text, want := range map[string]Directive{
		`//saga:do payment noundo`: {
			Verb: "do", Names: []NameArg{{Name: "payment", Offset: 10}},
			Noundo: Argument{Text: "noundo", value: "noundo", Offset: 18, valueOffset: 18},
		},
		"//saga:do\tpayment  label=\"Charge \\\"it\\\"\" timeout=1m attempts=1\tbackoff=1s limit=20 ": {
			Verb: "do", Names: []NameArg{{Name: "payment", Offset: 10}},
			Label:  `Charge "it"`,
			Policy: Policy{Timeout: &minute, Backoff: &second, Attempts: &attempts, Limit: &limit},
		},
		`//saga:append hotel second=hotel third=pkg.hotel`: {
			Verb: "append", Names: []NameArg{
				{Name: "hotel", Offset: 14},
				{Name: "second", Offset: 20, Action: Reference{Name: "hotel", Offset: 27}},
				{Name: "third", Offset: 33, Action: Reference{Pkg: "pkg", Name: "hotel", Offset: 39}},
			},
		},
		`//saga:node second=hotel after=a,"b`: {
			Verb: "node", Names: []NameArg{{Name: "second", Offset: 12, Action: Reference{Name: "hotel", Offset: 19}}},
			After: []NameArg{{Name: "a", Offset: 31}}, Flawed: true,
		},
		`//saga:node x after="a, b"`: {
			Verb: "node", Names: []NameArg{{Name: "x", Offset: 12}},
			After: []NameArg{{Name: "a", Offset: 21}, {Name: "b", Offset: 24}},
		},
		`//saga:constant region value=regions.North`: {
			Verb: "constant", Names: []NameArg{{Name: "region", Offset: 16}},
			Value: Reference{Pkg: "regions", Name: "North", Offset: 29},
		},
		`//saga:subsaga trip dag=pkg.book-trip params=request`: {
			Verb: "subsaga", Names: []NameArg{{Name: "trip", Offset: 15}},
			Dag: Reference{Pkg: "pkg", Name: "book-trip", Offset: 24}, Params: Reference{Name: "request", Offset: 45},
		},
	} {
		found, mistakes, ok := Parse(text)
		require.True(t, ok, text)
		assert.Equal(t, want, found, text)
		assert.Equal(t, want.Flawed, len(mistakes) > 0, "%s: %v", text, mistakes)
	}
}

func TestParseDirectiveLeavesOtherCommentsAlone(t *testing.T) {
	for _, text := range []string{"", "//", "// saga:do x", "//go:generate sagagen", "//saga:", "//saga: do", "//sagas:do x", "/*saga:do x*/", "//Saga:do x"} {
		_, mistakes, ok := Parse(text)
		assert.False(t, ok, text)
		assert.Empty(t, mistakes, text)
	}
}

func TestMistakesInTextAreAtTheirArgument(t *testing.T) {
	for _, c := range []struct {
		text string
		code diag.Code
		at   string // the text from the mistake on
	}{
		{`//saga:doo x`, diag.CodeUnknownDirective, "doo"},
		{`//saga:do x label="a`, diag.CodeQuoting, `"a`},
		{`//saga:do x label="a"b`, diag.CodeQuoting, "b"},
		{`//saga:do x label=a"b`, diag.CodeQuoting, `a"b`},
		{`//saga:do x label=charge the card noundo`, diag.CodeQuoting, "charge the"},
		{`//saga:do x label='charge' noundo`, diag.CodeQuoting, "'charge'"},
		{`//saga:do x noundo // it is`, diag.CodeTrailingRemark, "// it"},
		{`//saga:do x noundo # it is`, diag.CodeTrailingRemark, "# it"},
		{`//saga:do x y`, diag.CodeUnknownArgument, "y"},
		{`//saga:do x says a lot of words`, diag.CodeUnknownArgument, "says"},
		{`//saga:do x timeout:3s`, diag.CodeUnknownArgument, "timeout:"},
		{`//saga:do x retries`, diag.CodeUnknownArgument, "retries"},
		{`//saga:do x undo`, diag.CodeUnknownArgument, "undo"},
		{`//saga:do x undo=y`, diag.CodeUnknownArgument, "undo=y"},
		{`//saga:do x noundo=false`, diag.CodeUnknownArgument, "noundo=false"},
		{`//saga:do x tiemout=3s`, diag.CodeUnknownArgument, "tiemout"},
		{`//saga:undo x noundo`, diag.CodeUnknownArgument, "noundo"},
		{`//saga:undo x label=y`, diag.CodeUnknownArgument, "label"},
		{`//saga:append x after=y`, diag.CodeUnknownArgument, "after"},
		{`//saga:dag x=y`, diag.CodeUnknownArgument, "x=y"},
		{`//saga:do x =y`, diag.CodeUnknownArgument, "=y"},
		{`//saga:do x attempts=2 attempts=2`, diag.CodeRepeatedArgument, "attempts=2"},
		{`//saga:node x after=a,b,a`, diag.CodeRepeatedArgument, "a"},
		{`//saga:do x timeout=`, diag.CodeEmptyValue, "timeout="},
		{`//saga:do x timeout=""`, diag.CodeEmptyValue, "timeout="},
		{`//saga:node x after=a,,b`, diag.CodeEmptyValue, ",b"},
		{`//saga:node x after=a, b, c`, diag.CodeEmptyValue, "b, c"},
		{`//saga:node x after=a ,b`, diag.CodeEmptyValue, ",b"},
		{`//saga:node x after a b`, diag.CodeEmptyValue, "after"},
		{`//saga:do x limit`, diag.CodeEmptyValue, "limit"},
		{`//saga:append x=`, diag.CodeEmptyValue, "x="},
		{`//saga:do x timeout=3`, diag.CodeBadValue, "3"},
		{`//saga:do x timeout=-3s`, diag.CodeBadValue, "-3s"},
		{`//saga:do x attempts=0`, diag.CodeBadValue, "0"},
		{`//saga:do x attempts=2.5`, diag.CodeBadValue, "2.5"},
		{`//saga:do x attempts=99999999999`, diag.CodeBadValue, "99999999999"},
		{`//saga:undo x limit=0`, diag.CodeBadValue, "0"},
		{"//saga:do x label=\"a\u202eb\"", diag.CodeBadValue, `"a`},
		{`//saga:do x label="` + strings.Repeat("a", 129) + `"`, diag.CodeBadValue, `"aaa`},
		{`//saga:do 2x`, diag.CodeBadName, "2x"},
		{`//saga:do é`, diag.CodeBadName, "é"},
		{`//saga:do "x"`, diag.CodeBadName, `"x"`},
		{`//saga:append a, b, c`, diag.CodeBadName, "a, b"},
		{`//saga:append a,b`, diag.CodeBadName, "a,b"},
		{`//saga:append a.b`, diag.CodeBadName, "a.b"},
		{`//saga:do ` + strings.Repeat("x", 65), diag.CodeBadName, "xxx"},
		{`//saga:append x=y.z.a`, diag.CodeBadName, "z.a"},
		{`//saga:append x=.z`, diag.CodeBadName, ".z"},
		{`//saga:constant x value=func`, diag.CodeBadName, "func"},
		{`//saga:constant x value=_`, diag.CodeBadName, "_"},
		{`//saga:node x after=a,b.c`, diag.CodeBadName, "b.c"},
		{`//saga:subsaga x dag=a params=b.c`, diag.CodeBadName, "b.c"},
		{`//saga:do`, diag.CodeMissingArgument, "//saga:do"},
		{`//saga:do noundo x`, diag.CodeMissingArgument, "//saga:do"},
		{`//saga:append`, diag.CodeMissingArgument, "//saga:append"},
		{`//saga:node after=x`, diag.CodeMissingArgument, "//saga:node"},
		{`//saga:constant x`, diag.CodeMissingArgument, "//saga:constant"},
		{`//saga:subsaga x dag=y`, diag.CodeMissingArgument, "//saga:subsaga"},
	} {
		found, mistakes, ok := Parse(c.text)
		require.True(t, ok, c.text)
		require.Len(t, mistakes, 1, c.text)
		assert.Equal(t, c.code, mistakes[0].Code, "%s: %v", c.text, mistakes)
		assert.True(t, strings.HasPrefix(c.text[mistakes[0].Offset:], c.at), "%s: at %q", c.text, c.text[mistakes[0].Offset:])
		assert.True(t, found.Flawed, c.text)
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
		meant, ok := NearMiss(comment)
		assert.True(t, ok, comment)
		assert.Equal(t, want, meant, comment)
	}
	for _, comment := range []string{
		"//saga:do pay", "//saga:anything", "//\tsaga:do pay", "// //saga:do pay", "// saga", "// A saga: do it.",
		"// saga do pay", "// Saga node x is placed.", "// saga: the word", "// sagas: two", "//go:generate sagagen", "//nolint:saga", "/// saga node x is placed.",
	} {
		_, ok := NearMiss(comment)
		assert.False(t, ok, comment)
	}
	for _, comment := range []string{"//saga:", "//saga: what", "//saga:(do)"} {
		meant, ok := NearMiss(comment)
		assert.True(t, ok, comment)
		assert.Empty(t, meant, comment)
	}
}

func FuzzDirective(f *testing.F) {
	for _, verb := range Verbs {
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
		d, mistakes, ok := Parse(text)
		again, againMistakes, _ := Parse(text)
		assert.Equal(t, d, again)
		assert.Equal(t, mistakes, againMistakes)
		if !ok {
			assert.Empty(t, mistakes)
			if meant, miss := NearMiss(text); miss && meant != "" {
				_, _, ok := Parse(meant)
				assert.True(t, ok, "%q is meant as %q", text, meant)
			}
			return
		}
		_, known := Specs[d.Verb]
		assert.True(t, known || d.Verb == "" && len(mistakes) > 0)
		assert.Equal(t, len(mistakes) > 0, d.Flawed)
		for _, m := range mistakes {
			assert.NotEmpty(t, m.Code.Summary())
			assert.True(t, m.Offset >= 0 && m.Offset <= len(text), "offset %d of %q", m.Offset, text)
			assert.NotContains(t, m.Message, "\n")
		}
		if len(mistakes) == 0 {
			assert.NotEmpty(t, d.Names)
		}
		for _, n := range append(slices.Clone(d.Names), d.After...) {
			assert.NoError(t, validName(n.Name))
			assert.True(t, strings.HasPrefix(text[n.Offset:], n.Name), "%q at %d of %q", n.Name, n.Offset, text)
		}
		for _, n := range d.Names {
			assert.True(t, n.Action.Name == "" || strings.HasPrefix(text[n.Action.Offset:], n.Action.String()))
		}
	})
}
