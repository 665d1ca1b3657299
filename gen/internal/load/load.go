package load

import (
	"bytes"
	"context"
	"errors"
	"go/build"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Load finds the packages that have directives and reads them with types, all in one go, sorted by
// import path.
//
// The go command takes nearly all of the time of a run. It is asked for a list first, and then for the
// types of what has directives, as these take longest. If most packages have some, they are
// read with types at once, and the others in vain.
func Load(ctx context.Context, opts Options) (*Universe, []*Package, error) {
	if !opts.mostHaveDirectives() {
		candidates, err := search(ctx, opts)
		if err != nil || len(candidates) == 0 {
			return nil, nil, err
		}
		return loadCandidates(ctx, opts, candidates)
	}
	u, roots, candidates, err := loadAll(ctx, opts)
	if err != nil || roots != nil || len(candidates) == 0 {
		return u, roots, err
	}
	return loadCandidates(ctx, opts, candidates)
}

// readAtOnce reads what the patterns match without having listed it. It returns no packages, but
// candidates, if what it took the package clause of a file of our own for turns out to be wrong.
func loadAll(ctx context.Context, opts Options) (*Universe, []*Package, []Candidate, error) {
	defer opts.Clock(stageLoad, "")()
	files := newFileParser(nil)
	fset, pkgs, err := loadTypes(ctx, opts, files, opts.patterns())
	if err != nil {
		return nil, nil, nil, err
	}
	candidates, err := opts.candidates(pkgs)
	if err != nil || len(candidates) == 0 || !files.namesConfirmed(candidates) {
		return nil, nil, candidates, err
	}
	u, roots, err := files.join(fset, pkgs, candidates)
	return u, roots, candidates, err
}

// dense reports whether at least half of the packages that the patterns match seem to have directives. Nothing
// but the time of a run depends on it, so that a look at the folders will do.
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

// census counts folders with Go files, those whose files mention directives and the others.
type folderCount struct{ with, without int }

// enough is how many more folders have no directives than have some when it isn't worth to go on.
const maxSurplus = 32

var errSurplus = errors.New("enough folders have no directives")

// take counts a folder; if that's deep also those below that the go command looks into.
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

// ignored reports whether the go command leaves a folder out of a wildcard.
func ignored(path, name string) bool {
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata" || name == "vendor" {
		return true
	}
	_, err := os.Stat(filepath.Join(path, "go.mod"))
	return err == nil
}
