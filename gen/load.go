package gen

import (
	"context"
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
	files := fileParser{packageNames: map[string]string{}, own: map[*ast.File]bool{}, errors: map[string]error{}}
	for _, c := range candidates {
		byPath[c.path] = c
		files.packageNames[c.dir] = c.name
	}
	config.ParseFile = files.parse
	pkgs, err := packages.Load(config, loadPatterns(opts, candidates)...)
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
		for _, f := range pkg.Syntax {
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
		if c.path == "command-line-arguments" {
			return opts.patterns()
		}
		paths = append(paths, c.path)
	}
	return paths
}

// fileParser parses files for the loader, several at a time.
type fileParser struct {
	packageNames map[string]string // by folder

	mu     sync.Mutex
	own    map[*ast.File]bool
	errors map[string]error
}

// parse parses a file. Of one of our own, only the package clause is there: what it
// declared is about to be declared anew.
func (p *fileParser) parse(fset *token.FileSet, name string, src []byte) (*ast.File, error) {
	if isOwnOutput(name, src) {
		if clause := p.packageNames[filepath.Dir(name)]; clause != "" {
			f, err := parser.ParseFile(fset, name, "package "+clause+"\n", parser.SkipObjectResolution)
			p.mu.Lock()
			defer p.mu.Unlock()
			p.own[f] = true
			return f, err
		}
	}
	f, err := parser.ParseFile(fset, name, src, parser.ParseComments|parser.AllErrors|parser.SkipObjectResolution)
	if err != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.errors[name] = err
	}
	return f, err
}
