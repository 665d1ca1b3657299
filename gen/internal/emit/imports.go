package emit

import (
	"go/types"
	"maps"
	"slices"
	"strings"

	"github.com/sagagen/sagagen/gen/internal/model"
	"github.com/sagagen/sagagen/gen/internal/naming"
	"github.com/sagagen/sagagen/gen/internal/outline"
	"github.com/sagagen/sagagen/gen/internal/typeutil"
)

// fileLocals are the names of parameters and variables in generated functions,
// apart from the application context.
var fileLocals = []string{"ctx", "in", "out", "registry", "coordinator", "params", "options", "id", "r"}

// imports has the packages that a generated file may import, with their names
// in the file.
type imports struct {
	local string            // the path of the package that the file belongs to
	names map[string]string // by path
	bases map[string]string // the names in the package clauses, by path
	used  map[string]bool
}

// newImports names the packages that the types of p come from, without clashes
// in the file. The names don't depend on which of the packages are used.
func newImports(p *model.Package) *imports {
	im := &imports{
		local: p.Types.Path(),
		names: map[string]string{},
		bases: map[string]string{typeutil.RuntimePath: "saga", "context": "context", "sync": "sync", "time": "time"},
		used:  map[string]bool{},
	}
	add := func(pkg *types.Package) string {
		if pkg.Path() != im.local {
			im.bases[pkg.Path()] = pkg.Name()
		}
		return ""
	}
	for _, t := range outline.EmittedTypes(p) {
		types.TypeString(t, add)
	}
	for _, o := range outline.Constants(p) {
		add(o.Pkg())
	}
	for _, s := range p.Sagas {
		for _, n := range s.Nodes {
			switch {
			case n.Action != nil && n.Action.ImportPath != "":
				im.bases[n.Action.ImportPath] = n.Action.PackageName
			case n.Subsaga != nil && n.Subsaga.ImportPath != "":
				im.bases[n.Subsaga.ImportPath] = n.Subsaga.PackageName
			}
		}
	}

	declared := outline.DeclaredNames(p)
	for _, name := range fileLocals {
		declared[name] = true
	}
	taken := func(name string) bool { return declared[name] }
	for _, pkgPath := range im.order() {
		name := naming.Unique(im.bases[pkgPath], taken)
		im.names[pkgPath] = name
		declared[name] = true
	}
	return im
}

// order returns the paths. Those that nearly every file imports come first and
// get the best names.
func (im *imports) order() []string {
	first := []string{typeutil.RuntimePath, "context", "sync", "time"}
	var rest []string
	for pkgPath := range im.bases {
		if !slices.Contains(first, pkgPath) {
			rest = append(rest, pkgPath)
		}
	}
	slices.Sort(rest)
	return append(first, rest...)
}

// has reports whether a package has that name in the file, or in its own
// package clause.
func (im *imports) has(name string) bool {
	for pkgPath, base := range im.bases {
		if base == name || im.names[pkgPath] == name {
			return true
		}
	}
	return false
}

// name returns the name of a package in the file and marks it as used.
func (im *imports) name(pkgPath string) string {
	im.used[pkgPath] = true
	return im.names[pkgPath]
}

// qualify is a types.Qualifier for the file.
func (im *imports) qualify(pkg *types.Package) string {
	if pkg.Path() == im.local {
		return ""
	}
	return im.name(pkg.Path())
}

// importSpec is a line of an import declaration. The name is empty if it is the
// last element of the path.
type importSpec struct{ name, path string }

// specs returns the imports of the file: of the standard library, and the
// others.
func (im *imports) specs() (std, rest []importSpec) {
	for _, pkgPath := range slices.Sorted(maps.Keys(im.used)) {
		spec := importSpec{im.names[pkgPath], pkgPath}
		if spec.name == pkgPath[strings.LastIndex(pkgPath, "/")+1:] {
			spec.name = ""
		}
		if first, _, _ := strings.Cut(pkgPath, "/"); strings.Contains(first, ".") {
			rest = append(rest, spec)
		} else {
			std = append(std, spec)
		}
	}
	return std, rest
}
