package load

import (
	"fmt"
	"testing"

	"github.com/sagagen/sagagen/gen/internal/model"
	"github.com/sagagen/sagagen/gen/internal/testmodule"
	"github.com/stretchr/testify/assert"
)

func TestMostHaveDirectives(t *testing.T) {
	files := map[string]string{
		"most/a/a.go":              testmodule.OrderSource,
		"most/b/b.go":              "package b\n",
		"most/_c/c.go":             "package c\n",
		"most/.d/d.go":             "package d\n",
		"most/testdata/e/e.go":     "package e\n",
		"most/vendor/f/f.go":       "package f\n",
		"most/other/g.go":          "package g\n",
		"most/other/go.mod":        "module example.com/other\n",
		"most/docs/h.md":           "//saga:dag order\n",
		"none/none.go":             "package none\n",
		"many/z/z.go":              testmodule.OrderSource,
		"nothing/README.md":        "Nothing.\n",
		"two/two.go":               "package two\n",
		"two/order.go":             testmodule.OrderSource,
		"outdated/x_saga_gen.go":   model.Header + "\n\npackage outdated\n",
		"outdated/deep/deep/in.go": testmodule.OrderSource,
	}
	for i := range 2 * maxSurplus {
		files[fmt.Sprintf("many/p%d/p.go", i)] = "package p\n"
	}
	dir := testmodule.Write(t, files)
	for _, c := range []struct {
		patterns []string
		want     bool
	}{
		{[]string{"./most/..."}, true},
		{[]string{"./most/a"}, true},
		{[]string{"./most/b"}, false},
		{[]string{"./most/a", "./most/b"}, true},
		{[]string{"./most/a", "./none", "./most/b"}, false},
		{[]string{dir + "/two"}, true},
		{[]string{dir + "/two/..."}, true},
		{[]string{"./many/..."}, false},
		{[]string{"./nothing"}, false},
		{[]string{"./missing"}, false},
		{[]string{"./outdated/..."}, true},
		{[]string{"./outdated"}, false},
		{[]string{"./..."}, false},
		{[]string{"example.com/shop/two"}, false},
		{[]string{"./two", "example.com/shop/two"}, false},
	} {
		assert.Equal(t, c.want, Options{Dir: dir, Patterns: c.patterns}.mostHaveDirectives(), c.patterns)
	}
	assert.True(t, Options{Dir: dir + "/two"}.mostHaveDirectives(), "the default pattern")
}
