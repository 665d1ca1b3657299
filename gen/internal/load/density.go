package load

import (
	"bytes"
	"errors"
	"go/build"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// mostHaveDirectives reports whether at least half of the packages that match
// the patterns seem to have directives. It searches folders instead of running
// the go command; this is inexact, but only the duration of a run depends on
// it: without it, BenchmarkGenerate/packages=20/wildcard of package gen takes 6
// to 9 % longer. It returns false if a pattern is not a path.
func (opts Options) mostHaveDirectives() bool {
	var count folderCount
	for _, pattern := range opts.patterns() {
		if !filepath.IsAbs(pattern) && !build.IsLocalImport(pattern) {
			return false
		}
		root, recursive := strings.CutSuffix(filepath.ToSlash(pattern), "/...")
		if !filepath.IsAbs(root) {
			root = filepath.Join(opts.Dir, root)
		}
		if err := count.countTree(root, recursive); err != nil {
			return false
		}
	}
	return count.with > 0 && count.with >= count.without
}

// folderCount counts the folders that contain Go files: with and without a file
// that mentions directives.
type folderCount struct{ with, without int }

// maxSurplus is the number by which the folders without directives may exceed
// those with directives. Beyond it, counting stops.
const maxSurplus = 32

var errSurplus = errors.New("too many folders have no directives")

// countTree counts a folder. If recursive, it also counts the folders below
// that the go command would match with "...". It returns an error if the
// folders can't be read, or errSurplus.
func (c *folderCount) countTree(root string, recursive bool) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil || !entry.IsDir():
			return err
		case path != root && (!recursive || ignored(path, entry.Name())):
			return fs.SkipDir
		}
		if err := c.countFolder(path); err != nil {
			return err
		}
		if c.without > c.with+maxSurplus {
			return errSurplus
		}
		return nil
	})
}

// countFolder counts a folder, unless it contains no Go files.
func (c *folderCount) countFolder(folder string) error {
	files, err := filepath.Glob(filepath.Join(globQuote(folder), "*.go"))
	if err != nil || len(files) == 0 {
		return err
	}
	for _, name := range files {
		src, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if bytes.Contains(src, []byte("//saga:")) {
			c.with++
			return nil
		}
	}
	c.without++
	return nil
}

// ignored reports whether "..." patterns of the go command skip a folder. The
// path is that of the folder, and name its last element.
func ignored(path, name string) bool {
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata" || name == "vendor" {
		return true
	}
	_, err := os.Stat(filepath.Join(path, "go.mod"))
	return err == nil
}
