package gen

import (
	"context"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"os/exec"
	"slices"
	"sort"
	"strings"

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
	// Timed, if it isn't nil, is called after each part of the run, by the goroutine that runs it. It defaults to nil.
	Timed func(Timing)
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
	types *types.Package
	info  *types.Info
	// typeErrors are what the compiler finds wrong in the hand-written files.
	typeErrors []types.Error
	// handwritten are the parsed files, without our own output.
	handwritten []*ast.File
	// testFiles are the parsed test files that seem to have directives.
	testFiles []*ast.File
	// parseErrors are those of its hand-written files, by file name.
	parseErrors map[string]error
}

// load reads the candidates.
func load(ctx context.Context, opts Options, candidates []candidate) (*universe, []*loaded, error) {
	defer opts.clock(StageLoad, "")()
	files := newFileParser(candidates)
	fset, pkgs, err := loadTypes(ctx, opts, files, loadPatterns(opts, candidates))
	if err != nil {
		return nil, nil, err
	}
	return files.loaded(fset, pkgs, candidates)
}

// loadTypes reads packages. Their imports come from export data, which costs a small part of reading
// them as source.
func loadTypes(ctx context.Context, opts Options, files *fileParser, patterns []string) (*token.FileSet, []*packages.Package, error) {
	config := opts.config(ctx)
	config.Mode = packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedImports |
		packages.NeedTypes | packages.NeedSyntax | packages.NeedTypesInfo | packages.NeedModule | packages.NeedTypesSizes
	config.Fset = token.NewFileSet()
	config.ParseFile = files.parse
	pkgs, err := runGo(config, patterns)
	return config.Fset, pkgs, err
}

// loaded joins candidates and what was read of them.
func (p *fileParser) loaded(fset *token.FileSet, pkgs []*packages.Package, candidates []candidate) (*universe, []*loaded, error) {
	byPath := map[string]candidate{}
	for _, c := range candidates {
		byPath[c.path] = c
	}
	var list []*loaded
	for _, pkg := range pkgs {
		c, ok := byPath[pkg.PkgPath]
		if !ok {
			continue
		}
		l := &loaded{candidate: c, types: pkg.Types, info: pkg.TypesInfo, typeErrors: pkg.TypeErrors, parseErrors: map[string]error{}}
		l.types.SetName(c.name)
		for _, f := range pkg.Syntax {
			if p.renamed[f] {
				f.Name.Name = c.name
			}
			if !p.own[f] {
				l.handwritten = append(l.handwritten, f)
			}
		}
		for _, name := range pkg.CompiledGoFiles {
			if err := p.errors[name]; err != nil {
				l.parseErrors[name] = err
			}
		}
		for _, name := range c.tests {
			// What is wrong in a test file besides is none of our business.
			f, err := parser.ParseFile(fset, name, nil, parser.ParseComments|parser.SkipObjectResolution)
			if f == nil {
				return nil, nil, err
			}
			l.testFiles = append(l.testFiles, f)
		}
		list = append(list, l)
	}
	sort.Slice(list, func(i, j int) bool { return list[i].path < list[j].path })
	return newUniverse(fset, pkgs, list), list, nil
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
		if len(pkgs) == 0 {
			return nil, complaint(config, patterns)
		}
		return pkgs, nil
	}
	why, said, _ := strings.Cut(err.Error(), ": stderr: ")
	if said = inOneLine(said); said != "" {
		return nil, errors.New(said)
	}
	return nil, errors.New(joinLines(strings.TrimPrefix(why, "err: ")))
}

// complaint returns what the go command says when it is asked for the patterns without -e. With it, which go/packages
// gives, it keeps to itself, for one, that go.mod has to be updated.
func complaint(config *packages.Config, patterns []string) error {
	list := exec.CommandContext(config.Context, "go", slices.Concat([]string{"list"}, config.BuildFlags, []string{"--"}, patterns)...)
	list.Dir, list.Env = config.Dir, config.Env
	var said strings.Builder
	list.Stderr = &said
	if err := list.Run(); err != nil && said.Len() > 0 {
		return errors.New(inOneLine(said.String()))
	}
	return nil
}

// inOneLine returns the words of the go command as a sentence of ours.
func inOneLine(said string) string { return strings.TrimPrefix(joinLines(said), "go: ") }
