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

// suffix is what the names of generated files end with.
const suffix = "_saga_gen.go"

// Options say what to compare.
type Options struct {
	// Dir is where the go command runs, and what relative paths are relative to. It defaults to the current directory.
	Dir string
	// Base is a revision of git, or a generated file. Required.
	Base string
	// Patterns are those of the go command. They default to ".".
	Patterns []string
	// Aliases are those that the program registers: names of actions by the names that they had.
	Aliases map[string]string
}

// Run compares the generated files of packages with what they were in the base.
func Run(ctx context.Context, opts Options) (*Report, error) {
	if len(opts.Patterns) == 0 {
		opts.Patterns = []string{"."}
	}
	l := &loader{Options: opts, ctx: ctx}
	if err := l.list(); err != nil {
		return nil, err
	}
	is, err := l.workTree()
	if err != nil {
		return nil, err
	}
	was, err := l.base(is)
	if err != nil {
		return nil, err
	}
	if len(was.Files)+len(is.Files) == 0 {
		return nil, fmt.Errorf("no generated files in %s, nor in the base", strings.Join(opts.Patterns, " "))
	}
	findings, err := Compare(was, is, opts.Aliases)
	if err != nil {
		return nil, err
	}
	return &Report{Base: opts.Base, Findings: findings}, nil
}

// loader finds the files of both versions.
type loader struct {
	Options
	ctx      context.Context
	packages []listed
}

// listed is a package, as the go command has it.
type listed struct {
	Dir, ImportPath string
	Module          struct{ Dir, Path string }
}

// list lists the packages. Those that can't be built are listed too.
func (l *loader) list() error {
	out, err := l.output("go", append([]string{"list", "-e", "-find", "-json=Dir,ImportPath,Module", "--"}, l.Patterns...)...)
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

// workTree reads the generated files as they are.
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

// add reads a file of the package in dir into a version.
func (v *Version) add(name, dir, importPath string, src []byte) error {
	f, err := Read(name, src)
	if err != nil {
		return err
	}
	if other := v.in(dir); other != nil {
		return &ReadError{f.Pos, fmt.Sprintf("%s is a generated file of the same package: one of both is left over, delete it", other.Pos.Filename)}
	}
	f.Dir, f.ImportPath = dir, importPath
	v.Files = append(v.Files, f)
	return nil
}

// base reads the generated files of the base.
func (l *loader) base(is *Version) (*Version, error) {
	name := l.Base
	if !filepath.IsAbs(name) {
		name = filepath.Join(l.Dir, name)
	}
	if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() {
		return l.baseFile(name, is)
	}
	return l.revision(is)
}

// baseFile reads the base from a file. There is one package to compare it with.
func (l *loader) baseFile(name string, is *Version) (*Version, error) {
	if len(is.Files) != 1 {
		return nil, fmt.Errorf("the base is a file, and is compared with one package that has a generated file; %s has %d",
			strings.Join(l.Patterns, " "), len(is.Files))
	}
	src, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	v := new(Version)
	return v, v.add(l.relative(name), is.Files[0].Dir, is.Files[0].ImportPath, src)
}

// revision reads the base from git.
func (l *loader) revision(is *Version) (*Version, error) {
	commit, err := l.git("rev-parse", "--verify", "--quiet", "--end-of-options", l.Base+"^{commit}")
	if err != nil {
		return nil, fmt.Errorf("base %q is neither a file nor a revision of git in %s", l.Base, l.dir())
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
	dirs := map[string]string{} // as the work tree has them
	for _, f := range is.Files {
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
			if !l.gone(dir, filepath.Join(top, filepath.FromSlash(name))) {
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

// gone reports whether a package that the base has would match a relative pattern if its folder were still there.
func (l *loader) gone(dir, file string) bool {
	if _, err := os.Lstat(file); err == nil {
		return false // the go command has its reasons not to list it
	}
	for _, pattern := range l.Patterns {
		pattern, below := strings.CutSuffix(filepath.ToSlash(pattern), "/...")
		if !filepath.IsAbs(pattern) && pattern != "." && pattern != ".." && !strings.HasPrefix(pattern, "./") && !strings.HasPrefix(pattern, "../") {
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

// importPath returns the import path of a package that is gone, as the modules of the others have it; empty if it's in none.
func (l *loader) importPath(dir string) string {
	best := ""
	longest := 0
	for _, p := range l.packages {
		if rest, err := filepath.Rel(resolved(p.Module.Dir), dir); err == nil && filepath.IsLocal(rest) && len(p.Module.Dir) > longest {
			best, longest = path.Join(p.Module.Path, filepath.ToSlash(rest)), len(p.Module.Dir)
		}
	}
	return best
}

// hidden reports whether the go command doesn't look into a folder for "...".
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

// resolved returns a path without symbolic links, as far as there is something.
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

// relative shortens a path that is below the current directory.
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

// git returns what git prints, without the end of the line.
func (l *loader) git(args ...string) (string, error) {
	out, err := l.output("git", args...)
	return strings.TrimRight(string(out), "\r\n"), err
}

// output runs a program. The error is what that said.
func (l *loader) output(name string, args ...string) ([]byte, error) {
	var stderr bytes.Buffer
	cmd := exec.CommandContext(l.ctx, name, args...)
	cmd.Dir, cmd.Stderr = l.Dir, &stderr
	out, err := cmd.Output()
	if err != nil {
		if said := strings.TrimSpace(stderr.String()); said != "" {
			err = errors.New(said)
		}
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return out, nil
}
