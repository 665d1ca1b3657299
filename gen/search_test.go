package gen

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Loading types is what takes time. In a big module it is done for what has directives only, and that is one go.
func TestFewPackagesWithDirectivesAreLoadedAlone(t *testing.T) {
	files := map[string]string{
		"order/order.go": orderSource, "order/parcel/parcel.go": orderSource,
		"other/order_saga_gen.go": outputHeader + "\n\npackage order\n", // which may be left over
	}
	for i := range 40 {
		files[fmt.Sprintf("plain%d/plain.go", i)] = "package plain\n\nimport _ \"example.com/shop/order\"\n"
	}
	opts := Options{Dir: writeModule(t, files), Patterns: []string{"./..."}}
	candidates, err := search(t.Context(), opts)
	require.NoError(t, err)
	paths := loadPatterns(opts, candidates)
	assert.Equal(t, []string{"example.com/shop/order", "example.com/shop/order/parcel", "example.com/shop/other"}, paths)

	stages := map[Stage]int{}
	opts.Timed = func(timing Timing) { stages[timing.Stage]++ }
	_, _, err = Analyze(t.Context(), opts)
	require.NoError(t, err)
	assert.Equal(t, map[Stage]int{StageSearch: 1, StageLoad: 1, StageCheck: len(paths)}, stages)
}
