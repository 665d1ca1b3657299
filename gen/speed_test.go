package gen

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/sagagen/sagagen/gen/internal/testmodule"
	"github.com/stretchr/testify/require"
)

// speedSource is a package with many imports.
const speedSource = `package shop%d

import (
	"context"
	"database/sql"
	"net/http"
	"net/rpc"
	"text/template"

	"github.com/dave/jennifer/jen"
	"github.com/google/uuid"
	"golang.org/x/tools/go/packages"
	"modernc.org/sqlite"

	saga "github.com/sagagen/sagagen/runtime"
)

// Shop is the application context.
type Shop struct {
	DB     *sql.DB
	Client *http.Client
	RPC    *rpc.Client
	Bill   *template.Template
	Files  []*jen.File
	Read   *packages.Package
	Driver *sqlite.Driver
}

// Order asks for a parcel.
//
//saga:dag order
//saga:append pack
//saga:append weigh pay
//saga:append ship
type Order struct{ Item uuid.UUID }

// Parcel is ready to go.
type Parcel struct{ Number string }

//saga:do pack
func (s *Shop) pack(ctx context.Context, order Order) (Parcel, error) { return Parcel{}, nil }

//saga:undo pack
func (s *Shop) unpack(ctx saga.ActionContext, pack *Parcel) error { return nil }

//saga:do weigh noundo
func (s *Shop) weigh(ctx context.Context, pack Parcel) (int, error) { return 0, nil }

//saga:do pay noundo
func (s *Shop) pay(ctx context.Context, order Order) error { return nil }

//saga:do ship noundo
func (s *Shop) ship(ctx context.Context, pack Parcel, weigh int) error { return nil }
`

// speedModule writes a module of twenty packages with directives and with their
// generated files.
func speedModule(b *testing.B) (dir string) {
	dir = b.TempDir()
	testmodule.WriteDepending(b, dir, "example.com/shop")
	for i := range 20 {
		name := speedFile(dir, i)
		require.NoError(b, os.MkdirAll(filepath.Dir(name), 0o755))
		require.NoError(b, os.WriteFile(name, fmt.Appendf(nil, speedSource, i), 0o644))
	}
	generateShops(b, dir, 20)
	goList(b, dir, 20)
	return dir
}

func speedFile(dir string, i int) string {
	return filepath.Join(dir, fmt.Sprintf("shop%d", i), "shop.go")
}

func speedPatterns(n int) []string {
	var patterns []string
	for i := range n {
		patterns = append(patterns, fmt.Sprintf("./shop%d", i))
	}
	return patterns
}

// generateShops runs the generator on the first n packages. The patterns match
// them; by default, there is one for each.
func generateShops(b *testing.B, dir string, n int, patterns ...string) time.Duration {
	if patterns == nil {
		patterns = speedPatterns(n)
	}
	start := time.Now()
	result, err := Generate(b.Context(), Options{Dir: dir, Patterns: patterns})
	took := time.Since(start)
	require.NoError(b, err)
	require.Empty(b, result.Diagnostics)
	require.Len(b, result.Files, n)
	return took
}

// goList runs go list -export -deps on the first n packages: the minimum for
// any program that reads them with types.
func goList(b *testing.B, dir string, n int) time.Duration {
	list := exec.CommandContext(b.Context(), "go", append([]string{"list", "-e", "-export", "-deps"}, speedPatterns(n)...)...)
	list.Dir = dir
	start := time.Now()
	out, err := list.CombinedOutput()
	took := time.Since(start)
	require.NoError(b, err, "%s", out)
	return took
}

type speedCase struct {
	name     string
	before   func()
	patterns []string
}

// BenchmarkGenerate compares the generator with go list on the same packages,
// without a change and with an edit before each run. x-list is the ratio of
// their times.
func BenchmarkGenerate(b *testing.B) {
	dir := speedModule(b)
	edits := 0
	edit := func() {
		edits++
		require.NoError(b, os.WriteFile(speedFile(dir, 0), fmt.Appendf(nil, speedSource+"\nconst edit = %d\n", 0, edits), 0o644))
	}
	for _, n := range []int{1, 20} {
		cases := []speedCase{{"warm", func() {}, nil}, {"edited", edit, nil}}
		if n == 20 {
			cases = append(cases, speedCase{"wildcard", func() {}, []string{"./..."}})
		}
		for _, c := range cases {
			b.Run(fmt.Sprintf("packages=%d/%s", n, c.name), func(b *testing.B) {
				var ours, theirs time.Duration
				for b.Loop() {
					c.before()
					theirs += goList(b, dir, n)
					c.before()
					ours += generateShops(b, dir, n, c.patterns...)
				}
				b.ReportMetric(float64(ours.Nanoseconds())/float64(b.N), "ns/op")
				b.ReportMetric(float64(theirs.Nanoseconds())/float64(b.N), "list-ns/op")
				b.ReportMetric(float64(ours)/float64(theirs), "x-list")
			})
		}
	}
}

// BenchmarkTwentyPackages compares a run on twenty packages with a run on one.
func BenchmarkTwentyPackages(b *testing.B) {
	dir := speedModule(b)
	var one, twenty time.Duration
	for b.Loop() {
		one += generateShops(b, dir, 1)
		twenty += generateShops(b, dir, 20)
	}
	b.ReportMetric(float64(twenty.Nanoseconds())/float64(b.N), "ns/op")
	b.ReportMetric(float64(twenty)/float64(one), "x-one")
}
