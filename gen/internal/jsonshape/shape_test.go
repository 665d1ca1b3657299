package jsonshape

import (
	"encoding/json"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"reflect"
	"testing"

	"github.com/sagagen/sagagen/gen/internal/typeutil"
	"github.com/sagagen/sagagen/internal/shape"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// shapeTypes returns the types declared in shape_types_test.go.
func shapeTypes(t *testing.T) func(name string) types.Type {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "shape_types_test.go", nil, parser.SkipObjectResolution)
	require.NoError(t, err)
	config := types.Config{Importer: importer.ForCompiler(fset, "gc", nil)}
	pkg, err := config.Check("example.com/p", fset, []*ast.File{file}, nil)
	require.NoError(t, err)
	return func(name string) types.Type { return pkg.Scope().Lookup(name).Type() }
}

func TestShapes(t *testing.T) {
	lookup := shapeTypes(t)
	for name, want := range map[string]string{
		"ShapeStamp":     "example.com/p.ShapeStamp",
		"shapeFlattened": `{"-":int,"Bad":int,"Deep":int,"Far":bytes,"Shared":int,"Twice2"?:int,"own":string,"twice":int}`,
		"shapeOptions": `{"Any":any,"Array":[4]uint8,"At":time.Time,"Big":*math/big.Int,"ByName":map[string]int,` +
			`"ByNumber":map[int8][2]bool,"Bytes":bytes,"Every":int64,"Number":encoding/json.Number,"Quoted":quoted(int),` +
			`"Raw":encoding/json.RawMessage,"Runes":[]int32,"Unquoted":[]int,"float"?:quoted(*float64)}`,
		"shapeTree":  `{"Kind":int,"Left":*@2,"Right":*@2}`,
		"shapeTree2": `{"Kind":int,"Left":*@2,"Right":*@2}`,
		"shapeOak": `{"Kind":int64,"Left":*{"Kind":int64,"Leaf"?:string,"Left":*@4,"Right":*@4},` +
			`"Right":*{"Kind":int64,"Leaf"?:string,"Left":*@4,"Right":*@4}}`,
		"shapeForest":        `map[string][]@2`,
		"shapeEncoded":       `example.com/p.shapeEncoded`,
		"shapeKeyed":         `map[example.com/p.shapeEncoded]string`,
		"ShapeLoop":          `{"Name":string}`,
		"shapeBehindPointer": `{"Slice":[]example.com/p.shapeByPointer}`,
	} {
		shape, err := Of(lookup(name))
		assert.NoError(t, err, name)
		assert.Equal(t, want, shape, name)
	}
}

func TestRecursiveTypesFitByTheirStructure(t *testing.T) {
	lookup := shapeTypes(t)
	tree, err := Of(lookup("shapeTree"))
	require.NoError(t, err)
	oak, err := Of(lookup("shapeOak"))
	require.NoError(t, err)
	assert.Nil(t, shape.Fits(tree, oak))
	misfit := shape.Fits(oak, tree)
	require.NotNil(t, misfit)
	assert.Equal(t, ".Kind: was int64, is int", misfit.Path+": "+misfit.Reason)
}

func TestShapeHasTheFieldsThatEncodingJSONHas(t *testing.T) {
	lookup := shapeTypes(t)
	for _, value := range []any{
		shapeFlattened{ShapeOther: ShapeOther{Twice: 1}},
		shapeTaggedWins{},
		shapeNamedEmbedded{ShapeTagged: &ShapeTagged{}},
		ShapeLoop{},
	} {
		name := reflect.TypeOf(value).Name()
		text, err := json.Marshal(value)
		require.NoError(t, err)
		var object map[string]any
		require.NoError(t, json.Unmarshal(text, &object))
		var fields []string
		known, _, _ := jsonFields(lookup(name).Underlying().(*types.Struct))
		for _, f := range known {
			fields = append(fields, f.name)
			assert.Contains(t, object, f.name, name)
		}
		assert.Len(t, object, len(fields), "%s: %s and %q", name, text, fields)
	}
}

func TestTypesThatDropDataHaveNoShape(t *testing.T) {
	lookup := shapeTypes(t)
	for name, want := range map[string]string{
		"shapeLost":         `encoding/json sees none of its 1 fields`,
		"shapeHalf":         `can't decode itself`,
		"shapeByPointer":    `only through a pointer`,
		"shapeChannel":      `.Done[]: a channel can't be stored`,
		"shapeFunc":         `.Owner.Call: a func can't be stored`,
		"shapeReader":       `.Source: JSON can't be decoded into the interface`,
		"shapeComplex":      `a complex128 can't be stored`,
		"shapeBadKey":       `a bool can't be the key`,
		"shapeCancels":      `several fields "Shared", and encoding/json omits fields with conflicting names`,
		"shapePromotes":     `uses the MarshalJSON or UnmarshalJSON of the embedded Time for the whole example.com/p.shapePromotes, so its other fields would be lost`,
		"shapeTextKey":      `unchanged, but reads it with UnmarshalText`,
		"shapeUnset":        `unexported struct that is embedded by pointer`,
		"shapeHalfKey":      `writes a map key of type example.com/p.shapeLevel in another form than it reads`,
		"shapeReads":        `.Grade: example.com/p.shapeGrade decodes itself from text, but doesn't encode itself as text`,
		"shapeQuoted":       `its field Level encodes itself, and encoding/json can't decode that with the string option`,
		"shapePromotesMore": `uses the MarshalJSON or UnmarshalJSON of the embedded Time for the whole example.com/p.shapePromotesMore`,
		"shapeBigValue":     `.Big: math/big.Int encodes itself only through a pointer`,
	} {
		_, err := Of(lookup(name))
		assert.ErrorContains(t, err, want, name)
	}
}

func TestShapeOfASecretContainsTheShapeOfItsValue(t *testing.T) {
	fset := token.NewFileSet()
	parse := func(source string) *ast.File {
		file, err := parser.ParseFile(fset, "", source, parser.SkipObjectResolution)
		require.NoError(t, err)
		return file
	}
	runtime, err := new(types.Config).Check(typeutil.RuntimePath, fset, []*ast.File{parse("package saga; type Secret[T any] struct{ value **T }")}, nil)
	require.NoError(t, err)
	config := types.Config{Importer: importerFunc(func(string) (*types.Package, error) { return runtime, nil })}
	pkg, err := config.Check("p", fset, []*ast.File{parse(`package p
		import saga "` + typeutil.RuntimePath + `"
		type Card struct { Number saga.Secret[string]; Next *saga.Secret[*Card] }
		type Hidden struct { X saga.Secret[struct{ hidden int }] }`)}, nil)
	require.NoError(t, err)
	shape, err := Of(pkg.Scope().Lookup("Card").Type())
	require.NoError(t, err)
	assert.Equal(t, `{"Next":*secret(*@4),"Number":secret(string)}`, shape)
	_, err = Of(pkg.Scope().Lookup("Hidden").Type())
	assert.ErrorContains(t, err, ".X.Reveal(): encoding/json sees none of its 1 fields")
}

type importerFunc func(string) (*types.Package, error)

func (f importerFunc) Import(path string) (*types.Package, error) { return f(path) }
