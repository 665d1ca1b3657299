package gen

import (
	"go/ast"
	"go/token"
	"go/types"
	"io/fs"
	"slices"

	"github.com/sagagen/sagagen/gen/internal/check"
	"github.com/sagagen/sagagen/gen/internal/load"
	"github.com/sagagen/sagagen/gen/internal/report"
)

// Pass is a package that a driver of analyses, such as go vet, has read and
// type-checked.
type Pass struct {
	// Path is the import path.
	Path string
	// Fset has the positions of Files.
	Fset *token.FileSet
	// Files are the files that the compiler sees, parsed with comments. The
	// package's tests may be among them.
	Files []*ast.File
	// Ignored are the names of the files in the folder that the compiler
	// doesn't see with these build tags. Default: none.
	Ignored []string
	// ReadFile returns the content of a file in Files or Ignored.
	ReadFile func(name string) ([]byte, error)
	// Imports are the packages that the files import, with their types.
	Imports []*types.Package
	// Fact returns the PassResult.Fact of an imported package; empty if there
	// is none.
	Fact func(*types.Package) string
	// GoVersion is the version of the language, as in go1.26. Default: the
	// latest.
	GoVersion string
	// Sizes are the sizes of types. Default: gc's on amd64.
	Sizes types.Sizes
}

// PassResult is the result of CheckPass.
type PassResult struct {
	// Result has at most one of Files. Positions are those in the files that
	// were read; line directives are ignored.
	Result
	// Fact is what importers of the package need to know of its directives, as
	// a txtar archive. It is empty if the package has none.
	Fact string
	// First is the first directive of the package, or the first comment that is
	// probably meant as one. It isn't valid if there is none.
	First token.Pos
}

// CheckPass is Check for one package that a driver has read. It reads nothing
// outside the package, and reports what Check reports for the package alone.
// The error is for failures that aren't mistakes in the sources, such as a file
// that can't be read.
func CheckPass(pass Pass) (PassResult, error) {
	unit, err := load.Pass(pass).Load()
	if err != nil {
		return PassResult{}, err
	}
	result := PassResult{Fact: unit.Fact, First: unit.FirstDirective}
	if unit.Unrelated {
		return result, nil
	}
	r := report.New(pass.Fset, unit.Types)
	r.Raw = true
	p, err := analyze(check.NewRun(unit.Universe), unit.Package, r)
	if err != nil {
		return result, err
	}
	result.Diagnostics = report.Collected(r)
	if p == nil {
		return result, nil
	}
	f, err := emitFile(p, func(name string) ([]byte, error) {
		if !slices.Contains(unit.GeneratedFiles, name) {
			return nil, fs.ErrNotExist
		}
		return pass.ReadFile(name)
	})
	if err != nil {
		return result, err
	}
	result.Files = []File{f}
	return result, nil
}
