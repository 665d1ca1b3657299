package gen

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Result is what Generate found and did.
type Result struct {
	// Diagnostics are all that is wrong in the sources, sorted by position. A package with any has
	// no file among Files; that which it has from an earlier run is left as it is.
	Diagnostics []Diagnostic
	// Files are the generated files, one for each package that has directives, sorted by
	// import path.
	Files []File
}

// File is a generated file.
type File struct {
	// Path is absolute, or relative as Options.Dir is.
	Path    string
	Content []byte
	// Changed says that the file had another content or wasn't there, and was written.
	Changed bool
}

// Generate reads the packages that the options name and writes a file for each that has
// directives. A file that is up to date already isn't touched. The error is for what isn't a mistake
// in the sources, such as a full disk; what is one is a Diagnostic.
func Generate(ctx context.Context, opts Options) (Result, error) {
	packages, diagnostics, err := Analyze(ctx, opts) // load, parse, model, check
	if err != nil {
		return Result{}, err
	}
	result := Result{Diagnostics: diagnostics}
	for _, p := range packages {
		content, err := Emit(p)
		if err != nil {
			return result, err
		}
		path := filepath.Join(p.Dir, p.Prefix+outputSuffix)
		changed, err := writeFile(path, content)
		if err != nil {
			return result, err
		}
		result.Files = append(result.Files, File{Path: path, Content: content, Changed: changed})
	}
	return result, nil
}

// writeFile gives a file that content, unless it has it, and reports whether it hadn't. Whoever reads
// the file meanwhile finds the old content or the new, never a part.
func writeFile(path string, content []byte) (changed bool, err error) {
	mode := fs.FileMode(0o644)
	switch old, err := os.ReadFile(path); {
	case err == nil && bytes.Equal(old, content):
		return false, nil
	case err == nil:
		if info, err := os.Stat(path); err == nil {
			mode = info.Mode().Perm()
		}
	case !errors.Is(err, fs.ErrNotExist):
		return false, err
	}
	// The go command ignores files whose names begin with a dot.
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return false, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(temp.Name()))
		}
	}()
	if _, err := temp.Write(content); err != nil {
		return false, errors.Join(fmt.Errorf("write %s: %w", path, err), temp.Close())
	}
	if err := errors.Join(temp.Chmod(mode), temp.Close()); err != nil {
		return false, err
	}
	return true, os.Rename(temp.Name(), path)
}
