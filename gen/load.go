package gen

import (
	"context"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"

	"golang.org/x/tools/go/packages"
)

// Options say what to read. The zero value stands for the package in the current directory.
type Options struct {
	// Dir is where the go command runs, and what relative patterns are relative to.
	// It defaults to the current directory.
	Dir string
	// Patterns are those of the go command: directories, import paths, "./...".
	// They default to ".".
	Patterns []string
	// Tags are build tags that hold. They default to none.
	Tags []string
	// Env is the environment of the go command. It defaults to os.Environ.
	Env []string
}

func (opts Options) patterns() []string {
	if len(opts.Patterns) == 0 {
		return []string{"."}
	}
	return opts.Patterns
}

func (opts Options) config(ctx context.Context) *packages.Config {
	config := &packages.Config{Context: ctx, Dir: opts.Dir, Env: opts.Env}
	if config.Env == nil {
		config.Env = os.Environ()
	}
	if len(opts.Tags) > 0 {
		config.BuildFlags = []string{"-tags=" + strings.Join(opts.Tags, ",")}
	}
	return config
}

// loaded is a candidate with its syntax and its types.
type loaded struct {
	candidate
	*packages.Package
	// handwritten are the parsed files, without our own output.
	handwritten []*ast.File
	// parseErrors are those of its hand-written files, by file name.
	parseErrors map[string]error
}

// load reads the candidates with types, all in one go, sorted by import path. Their imports
// come from export data, which costs a small part of reading them as source.
func load(ctx context.Context, opts Options, candidates []candidate) (*token.FileSet, []*loaded, error) {
	config := opts.config(ctx)
	config.Mode = packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedImports |
		packages.NeedTypes | packages.NeedSyntax | packages.NeedTypesInfo | packages.NeedModule | packages.NeedTypesSizes
	config.Fset = token.NewFileSet()
	byPath := map[string]candidate{}
	files := fileParser{candidates: map[string]candidate{}, own: map[*ast.File]bool{}, renamed: map[*ast.File]bool{}, errors: map[string]error{}}
	for _, c := range candidates {
		byPath[c.path] = c
		files.candidates[c.dir] = c
	}
	config.ParseFile = files.parse
	pkgs, err := runGo(config, loadPatterns(opts, candidates))
	if err != nil {
		return nil, nil, err
	}
	var list []*loaded
	for _, pkg := range pkgs {
		c, ok := byPath[pkg.PkgPath]
		if !ok {
			continue
		}
		l := &loaded{candidate: c, Package: pkg, parseErrors: map[string]error{}}
		l.Name = c.name
		l.Types.SetName(c.name)
		for _, f := range pkg.Syntax {
			if files.renamed[f] {
				f.Name.Name = c.name
			}
			if !files.own[f] {
				l.handwritten = append(l.handwritten, f)
			}
		}
		for _, name := range pkg.CompiledGoFiles {
			if err := files.errors[name]; err != nil {
				l.parseErrors[name] = err
			}
		}
		list = append(list, l)
	}
	sort.Slice(list, func(i, j int) bool { return list[i].PkgPath < list[j].PkgPath })
	return config.Fset, list, nil
}

// loadPatterns are the import paths of the candidates; or the patterns as they were
// given, if these are files, which belong to no import path.
func loadPatterns(opts Options, candidates []candidate) []string {
	var paths []string
	for _, c := range candidates {
		if c.path == filesPath {
			return opts.patterns()
		}
		paths = append(paths, c.path)
	}
	return paths
}

// runGo lets the go command list and go/packages read what the patterns match. The error is one
// sentence, without what go/packages wraps around the words of the go command.
func runGo(config *packages.Config, patterns []string) ([]*packages.Package, error) {
	pkgs, err := packages.Load(config, patterns...)
	if err == nil {
		return pkgs, nil
	}
	why, said, _ := strings.Cut(err.Error(), ": stderr: ")
	if said = joinLines(said); said != "" {
		return nil, errors.New(strings.TrimPrefix(said, "go: "))
	}
	return nil, errors.New(joinLines(strings.TrimPrefix(why, "err: ")))
}

// fileParser parses files for the loader, several at a time.
type fileParser struct {
	candidates map[string]candidate // by folder

	mu      sync.Mutex
	own     map[*ast.File]bool
	renamed map[*ast.File]bool
	errors  map[string]error
}

// parse parses a file. Of one of our own, only the package clause is there: what it
// declared is about to be declared anew. The package clause is as the go command has listed it,
// which may be what one of our own files says from when the package had another name: the loader
// leaves out files with another.
func (p *fileParser) parse(fset *token.FileSet, name string, src []byte) (*ast.File, error) {
	if isOwnOutput(name, src) {
		if clause := p.candidates[filepath.Dir(name)].listed; clause != "" {
			f, err := parser.ParseFile(fset, name, "package "+clause+"\n", parser.SkipObjectResolution)
			p.mu.Lock()
			defer p.mu.Unlock()
			p.own[f] = true
			return f, err
		}
	}
	f, err := parser.ParseFile(fset, name, src, parser.ParseComments|parser.AllErrors|parser.SkipObjectResolution)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		p.errors[name] = err
	}
	if c := p.candidates[filepath.Dir(name)]; f != nil && c.name != c.listed && f.Name.Name == c.name {
		f.Name.Name = c.listed
		p.renamed[f] = true
	}
	return f, err
}
