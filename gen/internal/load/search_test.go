package load

import (
	"fmt"
	"testing"

	"github.com/sagagen/sagagen/gen/internal/model"
	"github.com/sagagen/sagagen/gen/internal/testmodule"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Most of the time is spent on types. In a large module, only the packages with
// directives are loaded with types, all in one call.
func TestFewPackagesWithDirectivesAreLoadedAlone(t *testing.T) {
	files := map[string]string{
		"order/order.go": testmodule.OrderSource, "order/parcel/parcel.go": testmodule.OrderSource,
		"other/order_saga_gen.go": model.Header + "\n\npackage order\n", // left over
	}
	for i := range 40 {
		files[fmt.Sprintf("plain%d/plain.go", i)] = "package plain\n\nimport _ \"example.com/shop/order\"\n"
	}
	stages := map[string]int{}
	opts := Options{
		Dir: testmodule.Write(t, files), Patterns: []string{"./..."},
		Clock: func(stage, of string) func() { return func() { stages[stage]++ } },
	}
	candidates, err := search(t.Context(), opts)
	require.NoError(t, err)
	paths := loadPatterns(opts, candidates)
	want := []string{"example.com/shop/order", "example.com/shop/order/parcel", "example.com/shop/other"}
	assert.Equal(t, want, paths)

	clear(stages)
	_, _, err = Load(t.Context(), opts)
	require.NoError(t, err)
	assert.Equal(t, map[string]int{"search": 1, "load": 1}, stages)
}
