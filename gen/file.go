package gen

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/sagagen/sagagen/gen/internal/emit"
	"github.com/sagagen/sagagen/gen/internal/model"
	"github.com/sagagen/sagagen/gen/internal/unified"
)

// File is the generated file of one package.
type File struct {
	// Path is absolute, or relative if Options.Dir is.
	Path string
	// Content is the content that the file should have.
	Content []byte
	// Old is the content that the file had before the run; nil if it didn't
	// exist.
	Old []byte
	// Changed reports whether Content differs from Old, or the file didn't
	// exist.
	Changed bool
}

// Missing reports whether the file didn't exist before the run.
func (f File) Missing() bool { return f.Old == nil }

// Diff returns the difference between Old and Content as a unified diff that
// git apply and patch -p1 accept. The header names the file name. Diff returns
// nil if nothing changes.
func (f File) Diff(name string) []byte {
	old := "a/" + name
	if f.Missing() {
		old = "/dev/null"
	}
	return unified.Diff(old, "b/"+name, f.Old, f.Content)
}

// FirstChange returns the number of the first line of Old that changes.
func (f File) FirstChange() int { return unified.FirstLine(f.Old, f.Content) }

// emitFile renders the generated file of a package and compares it with the
// content that read returns for the file's path.
func emitFile(p *model.Package, read func(name string) ([]byte, error)) (f File, err error) {
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

// writeFile replaces the content of a file and keeps its mode. A concurrent
// reader sees the old content or the new, never a part.
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
