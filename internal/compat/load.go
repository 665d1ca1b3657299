package compat

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// suffix ends the names of generated files.
const suffix = "_saga_gen.go"

// Options say what to compare.
type Options struct {
	// Dir is the directory in which the go command runs. Relative paths are
	// relative to it. It defaults to the current directory.
	Dir string
	// Base is a git revision or a generated file. Required.
	Base string
	// Patterns name packages as for the go command. The default is ".".
	Patterns []string
	// Aliases maps the former names of actions to their current names. They are
	// the aliases that the program registers. The default is none.
	Aliases map[string]string
}

// Run compares the generated files of packages with their versions in the base.
// It returns a *ReadError if a file isn't one that this sagagen generates.
func Run(ctx context.Context, opts Options) (*Report, error) {
	if len(opts.Patterns) == 0 {
		opts.Patterns = []string{"."}
	}
	l := &loader{Options: opts, ctx: ctx}
	if err := l.list(); err != nil {
		return nil, err
	}
	current, err := l.workTree()
	if err != nil {
		return nil, err
	}
	base, err := l.base(current)
	if err != nil {
		return nil, err
	}
	if len(base.Files)+len(current.Files) == 0 {
		return nil, fmt.Errorf("no generated files in %s or in the base", strings.Join(opts.Patterns, " "))
	}
	findings, err := Compare(base, current, opts.Aliases)
	if err != nil {
		return nil, err
	}
	return &Report{Base: opts.Base, Findings: findings}, nil
}

// loader reads the files of both versions.
type loader struct {
	Options
	ctx      context.Context
	packages []listed
}

// listed is a package in the output of go list.
type listed struct {
	Dir, ImportPath string
	Module          struct{ Dir, Path string }
}

// list lists the packages, including those that can't be built.
func (l *loader) list() error {
	args := []string{"list", "-e", "-find", "-json=Dir,ImportPath,Module", "--"}
	out, err := l.output("go", append(args, l.Patterns...)...)
	if err != nil {
		return err
	}
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := decoder.Decode(&p); err == io.EOF {
			return nil
		} else if err != nil {
			return fmt.Errorf("go list: %w", err)
		}
		if p.Dir != "" {
			l.packages = append(l.packages, p)
		}
	}
}

// workTree reads the generated files of the work tree.
func (l *loader) workTree() (*Version, error) {
	v := new(Version)
	for _, p := range l.packages {
		entries, err := os.ReadDir(p.Dir)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
		for _, entry := range entries {
			if !strings.HasSuffix(entry.Name(), suffix) {
				continue
			}
			name := filepath.Join(p.Dir, entry.Name())
			src, err := os.ReadFile(name)
			if err != nil {
				return nil, err
			}
			if err := v.add(l.relative(name), filepath.ToSlash(p.Dir), p.ImportPath, src); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}

// add reads a file of the package in dir and adds it to the version.
func (v *Version) add(name, dir, importPath string, src []byte) error {
	f, err := Read(name, src)
	if err != nil {
		return err
	}
	if other := v.file(dir); other != nil {
		return &ReadError{f.Pos, fmt.Sprintf(
			"package has a second generated file, %s; delete the one that is out of date", other.Pos.Filename)}
	}
	f.Dir, f.ImportPath = dir, importPath
	v.Files = append(v.Files, f)
	return nil
}

// base reads the generated files of the base.
func (l *loader) base(current *Version) (*Version, error) {
	name := l.Base
	if !filepath.IsAbs(name) {
		name = filepath.Join(l.Dir, name)
	}
	if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() {
		return l.baseFile(name, current)
	}
	return l.revision(current)
}

// baseFile reads the base from a file. The current version must have exactly
// one file.
func (l *loader) baseFile(name string, current *Version) (*Version, error) {
	if len(current.Files) != 1 {
		return nil, fmt.Errorf("base is a file, so exactly one package with a generated file is needed; found %d in %s",
			len(current.Files), strings.Join(l.Patterns, " "))
	}
	src, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	v := new(Version)
	return v, v.add(l.relative(name), current.Files[0].Dir, current.Files[0].ImportPath, src)
}

// revision reads the base from git.
func (l *loader) revision(current *Version) (*Version, error) {
	commit, err := l.git("rev-parse", "--verify", "--quiet", "--end-of-options", l.Base+"^{commit}")
	if err != nil {
		return nil, fmt.Errorf("base %q is neither a file nor a git revision in %s", l.Base, l.dir())
	}
	top, err := l.git("rev-parse", "--show-toplevel")
	if err != nil {
		return nil, err
	}
	names, err := l.git("-C", top, "ls-tree", "-r", "-z", "--name-only", commit)
	if err != nil {
		return nil, err
	}
	importPaths := map[string]string{}
	for _, p := range l.packages {
		importPaths[resolved(p.Dir)] = p.ImportPath
	}
	dirs := map[string]string{} // resolved paths to those in the current version
	for _, f := range current.Files {
		dirs[resolved(f.Dir)] = f.Dir
	}
	v := new(Version)
	for name := range strings.SplitSeq(names, "\x00") {
		if !strings.HasSuffix(name, suffix) {
			continue
		}
		dir := resolved(filepath.Join(top, filepath.FromSlash(path.Dir(name))))
		importPath, known := importPaths[dir]
		if !known {
			if !l.removed(dir, filepath.Join(top, filepath.FromSlash(name))) {
				continue
			}
			importPath = l.importPath(dir)
		}
		src, err := l.output("git", "-C", top, "show", commit+":"+name)
		if err != nil {
			return nil, err
		}
		if d, ok := dirs[dir]; ok {
			dir = d
		}
		if err := v.add(l.Base+":"+name, filepath.ToSlash(dir), importPath, src); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// removed reports whether a package of the base was removed and would match a
// pattern if its directory still existed. Only patterns that are paths count.
func (l *loader) removed(dir, file string) bool {
	if _, err := os.Lstat(file); err == nil {
		return false // the package exists, but the go command didn't list it
	}
	for _, pattern := range l.Patterns {
		pattern, below := strings.CutSuffix(filepath.ToSlash(pattern), "/...")
		if !isPath(pattern) {
			continue
		}
		root := pattern
		if !filepath.IsAbs(root) {
			root = filepath.Join(l.dir(), root)
		}
		rest, err := filepath.Rel(resolved(root), dir)
		switch {
		case err != nil || rest != "." && !filepath.IsLocal(rest):
		case rest == ".", below && !hidden(rest):
			return true
		}
	}
	return false
}

// isPath reports whether the go command takes a pattern as a path, not as an
// import path.
func isPath(pattern string) bool {
	return filepath.IsAbs(pattern) || pattern == "." || pattern == ".." ||
		strings.HasPrefix(pattern, "./") || strings.HasPrefix(pattern, "../")
}

// importPath returns the import path of a removed package, from the modules of
// the listed packages. It returns "" if it is in none of them.
func (l *loader) importPath(dir string) string {
	best := ""
	longest := 0
	for _, p := range l.packages {
		rest, err := filepath.Rel(resolved(p.Module.Dir), dir)
		if err == nil && filepath.IsLocal(rest) && len(p.Module.Dir) > longest {
			best, longest = path.Join(p.Module.Path, filepath.ToSlash(rest)), len(p.Module.Dir)
		}
	}
	return best
}

// hidden reports whether "..." doesn't match a directory.
func hidden(dir string) bool {
	return slices.ContainsFunc(strings.Split(filepath.ToSlash(dir), "/"), func(part string) bool {
		return part == "testdata" || part == "vendor" || part[0] == '.' || part[0] == '_'
	})
}

func (l *loader) dir() string {
	dir, err := filepath.Abs(l.Dir)
	if err != nil {
		return l.Dir
	}
	return dir
}

// resolved returns the absolute path without symbolic links. Parts of the path
// that don't exist are kept.
func resolved(name string) string {
	if abs, err := filepath.Abs(name); err == nil {
		name = abs
	}
	if real, err := filepath.EvalSymlinks(name); err == nil {
		return real
	}
	if parent := filepath.Dir(name); parent != name {
		return filepath.Join(resolved(parent), filepath.Base(name))
	}
	return name
}

// relative returns the relative path of a file below the current directory, and
// other paths unchanged.
func (l *loader) relative(name string) string {
	current, err := os.Getwd()
	if err != nil {
		return name
	}
	abs, err := filepath.Abs(name)
	if err != nil {
		return name
	}
	short, err := filepath.Rel(current, abs)
	if err != nil || !filepath.IsLocal(short) {
		return name
	}
	return short
}

// git runs git and returns its output without the final newline.
func (l *loader) git(args ...string) (string, error) {
	out, err := l.output("git", args...)
	return strings.TrimRight(string(out), "\r\n"), err
}

// output runs a program and returns its standard output. The error contains the
// program's standard error.
func (l *loader) output(name string, args ...string) ([]byte, error) {
	var stderr bytes.Buffer
	cmd := exec.CommandContext(l.ctx, name, args...)
	cmd.Dir, cmd.Stderr = l.Dir, &stderr
	out, err := cmd.Output()
	if err != nil {
		if text := strings.TrimSpace(stderr.String()); text != "" {
			err = errors.New(text)
		}
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return out, nil
}
