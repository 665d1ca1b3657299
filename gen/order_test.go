package gen

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestOrderOfFilesDoesNotMatter renames the files of a package, which changes
// their order, and expects the same generated file.
func TestOrderOfFilesDoesNotMatter(t *testing.T) {
	files := []string{`package shop

import "context"

// Order asks for things.
//
//saga:dag order
//saga:constant limit value=defaultLimit
//saga:subsaga sent dag=parcel params=wrapped
//saga:append limit
//saga:append item=take
//saga:append second=take wrapped=wrap
//saga:append sent
type Order struct{ Item string }

//saga:do take
func (s *Shop) take(ctx context.Context, order Order, limit Limit) (Item, error) { return Item{}, nil }
`, `package shop

//saga:undo take
func putBack(shop *Shop, take Item) error { return nil }

// Item is taken.
type Item struct{ Name string }
`, `package shop

import (
	"math/big"
	"time"
)

// Parcel asks for a parcel.
//
//saga:dag parcel
//saga:append address weight
//saga:append stamp
type Parcel struct{ To string }

//saga:do wrap noundo
func wrap(item Item) (Parcel, error) { return Parcel{}, nil }

//saga:do address noundo
func address(parcel Parcel) (*big.Int, error) { return nil, nil }

//saga:do stamp noundo
func (s Shop) Stamp(address *big.Int, weight float64) (time.Time, error) { return time.Time{}, nil }
`, `package shop

// Shop is what the actions work with.
type Shop struct{}

// Limit is how much there is.
type Limit int

const defaultLimit Limit = 3

//saga:do weight noundo
func weigh(shop *Shop) (float64, error) { return 0, nil }
`}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	var first string
	for round := range 4 {
		dir := t.TempDir()
		write := func(name, text string) {
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
		}
		write("go.mod", "module example.com/shop\n\ngo 1.26\n")
		for i, at := range random.Perm(len(files)) {
			write(fmt.Sprintf("file%d.go", i), files[at])
		}
		result, err := Generate(t.Context(), Options{Dir: dir})
		require.NoError(t, err)
		require.Empty(t, result.Diagnostics)
		require.Len(t, result.Files, 1)
		assert.True(t, result.Files[0].Changed)
		assert.Equal(t, "shop_saga_gen.go", filepath.Base(result.Files[0].Path))
		if round == 0 {
			first = string(result.Files[0].Content)
		}
		require.Equal(t, first, string(result.Files[0].Content))

		again, err := Generate(t.Context(), Options{Dir: dir})
		require.NoError(t, err)
		assert.False(t, again.Files[0].Changed, "a second run changes nothing")
	}
}
