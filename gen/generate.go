package gen

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/sagagen/sagagen/gen/diag"
	"github.com/sagagen/sagagen/gen/internal/annotation"
	"github.com/sagagen/sagagen/gen/internal/check"
	"github.com/sagagen/sagagen/gen/internal/emit"
	"github.com/sagagen/sagagen/gen/internal/load"
	"github.com/sagagen/sagagen/gen/internal/model"
	"github.com/sagagen/sagagen/gen/internal/report"
	"github.com/sagagen/sagagen/gen/internal/unified"
)

// Result is what Generate found and did.
type Result struct {
	// Diagnostics are all that is wrong in the sources, sorted by position. A package with any has
	// no file among Files; that which it has from an earlier run is left as it is.
	Diagnostics []diag.Diagnostic
	// Files are the generated files, one for each package that has directives and no mistakes, sorted by
	// import path.
	Files []File
	// Packages are the models of the packages that have directives and no mistakes,
	// sorted by import path. They are for package inspect.
	Packages []*model.Package
}

// File is a generated file.
type File struct {
	// Path is absolute, or relative as Options.Dir is.
	Path    string
	Content []byte
	// Old is the content that the file had; nil if it wasn't there.
	Old []byte
	// Changed says that the file had another content or wasn't there. Generate has written it then.
	Changed bool
}

// Missing reports whether the file wasn't there.
func (f File) Missing() bool { return f.Old == nil }

// Diff returns what changes in the file as a unified diff with that name in its head, which git apply and
// patch -p1 take. It is empty if nothing changes.
func (f File) Diff(name string) []byte {
	old := "a/" + name
	if f.Missing() {
		old = "/dev/null"
	}
	return unified.Diff(old, "b/"+name, f.Old, f.Content)
}

// FirstChange returns the number of the first line of the old content that changes.
func (f File) FirstChange() int { return unified.FirstLine(f.Old, f.Content) }

// Generate reads the packages that the options name and writes a file for each that has
// directives. A file that is up to date already isn't touched. The error is for what isn't a mistake
// in the sources, such as a full disk; what is one is a Diagnostic.
func Generate(ctx context.Context, opts Options) (Result, error) {
	result, err := Check(ctx, opts)
	if err != nil {
		return result, err
	}
	for i, f := range result.Files {
		if !f.Changed {
			continue
		}
		done := opts.clock("write", f.Path)
		if err := writeFile(f.Path, f.Content); err != nil {
			result.Files = result.Files[:i]
			return result, err
		}
		done()
	}
	return result, nil
}

// Check is Generate without the writing: the files that are Changed are those
// that it would write.
func Check(ctx context.Context, opts Options) (Result, error) {
	result, err := Analyze(ctx, opts)
	if err != nil {
		return Result{}, err
	}
	for _, p := range result.Packages {
		done := opts.clock("emit", p.Path)
		f, err := emitAndCompare(p, os.ReadFile)
		if err != nil {
			return result, err
		}
		result.Files = append(result.Files, f)
		done()
	}
	return result, nil
}

// Analyze is Check without the generated files: it loads, parses, models and
// checks.
func Analyze(ctx context.Context, opts Options) (Result, error) {
	universe, roots, err := load.Load(ctx, opts.load())
	if err != nil || len(roots) == 0 {
		return Result{}, cmp.Or(ctx.Err(), err)
	}
	var result Result
	run := check.NewRun(universe)
	for _, root := range roots {
		done := opts.clock("check", root.Path)
		r := report.New(universe.Fset, root.Types)
		p, err := analyze(run, root, r)
		done()
		if err != nil {
			return Result{}, err
		}
		result.Diagnostics = append(result.Diagnostics, report.Collected(r)...)
		if p != nil {
			result.Packages = append(result.Packages, p)
		}
	}
	result.Diagnostics = report.Sort(result.Diagnostics)
	return result, nil
}

// analyze parses the directives of a package, and models and checks what they
// describe. It returns nil if it has reported anything, or if there are none.
func analyze(run *check.Run, l *load.Package, r *report.Reporter) (*model.Package, error) {
	readable, err := check.Files(r, l)
	if err != nil || !readable {
		return nil, err
	}
	source := annotation.Collect(r, l.Handwritten)
	return run.Check(r, l, source), nil
}

// emitAndCompare writes a package's file, in memory, and compares it with the
// present one.
func emitAndCompare(p *model.Package, read func(name string) ([]byte, error)) (f File, err error) {
	f.Path = filepath.Join(p.Dir, p.Prefix+model.Suffix)
	if f.Content, err = emit.File(p); err != nil {
		return f, err
	}
	if f.Old, err = read(f.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return f, err
	}
	f.Changed = f.Missing() || !bytes.Equal(f.Old, f.Content)
	return f, nil
}

// writeFile gives a file that content. Whoever reads the file meanwhile finds the old content or
// the new, never a part.
func writeFile(path string, content []byte) (err error) {
	mode := fs.FileMode(0o644)
	switch info, err := os.Stat(path); {
	case err == nil:
		mode = info.Mode().Perm()
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	// The go command ignores files whose names begin with a dot.
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(temp.Name()))
		}
	}()
	if _, err := temp.Write(content); err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", path, err), temp.Close())
	}
	if err := errors.Join(temp.Chmod(mode), temp.Close()); err != nil {
		return err
	}
	return os.Rename(temp.Name(), path)
}
