package load

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

	"github.com/sagagen/sagagen/gen/internal/naming"
	"golang.org/x/tools/go/packages"
)

// Options say what to read. The zero value, but for Clock, stands for the
// package in the current directory.
type Options struct {
	// Dir is where the go command runs. Default: the current directory.
	Dir string
	// Patterns are those of the go command. Default: ".".
	Patterns []string
	// Tags are build tags that hold. Default: none.
	Tags []string
	// Env is the environment of the go command. Default: os.Environ().
	Env []string
	// Clock starts to time a stage, of one package or file or else of all; done
	// ends that. Required.
	Clock func(stage, of string) (done func())
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

// Package is a candidate with its syntax and its types.
type Package struct {
	Candidate
	Types *types.Package
	Info  *types.Info
	// TypeErrors are what the compiler finds wrong in the hand-written files.
	TypeErrors []types.Error
	// Handwritten are the parsed files, without our own output.
	Handwritten []*ast.File
	// TestFiles are the parsed test files that seem to have directives.
	TestFiles []*ast.File
	// ParseErrors are those of its hand-written files, by file name.
	ParseErrors map[string]error
}

// withTypes reads the candidates.
func loadCandidates(ctx context.Context, opts Options, candidates []Candidate) (*Universe, []*Package, error) {
	defer opts.Clock(stageLoad, "")()
	files := newFileParser(candidates)
	fset, pkgs, err := loadTypes(ctx, opts, files, loadPatterns(opts, candidates))
	if err != nil {
		return nil, nil, err
	}
	return files.join(fset, pkgs, candidates)
}

// loadTypes reads packages. Their imports come from export data, which costs a small part of reading
// them as source.
func loadTypes(ctx context.Context, opts Options, files *fileParser, patterns []string) (*token.FileSet, []*packages.Package, error) {
	config := opts.config(ctx)
	config.Mode = packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedImports |
		packages.NeedTypes | packages.NeedSyntax | packages.NeedTypesInfo | packages.NeedModule | packages.NeedTypesSizes
	config.Fset = token.NewFileSet()
	config.ParseFile = files.parse
	pkgs, err := loadPackages(config, patterns)
	return config.Fset, pkgs, err
}

// loaded joins candidates and what was read of them.
func (p *fileParser) join(fset *token.FileSet, pkgs []*packages.Package, candidates []Candidate) (*Universe, []*Package, error) {
	byPath := map[string]Candidate{}
	for _, c := range candidates {
		byPath[c.Path] = c
	}
	var list []*Package
	for _, pkg := range pkgs {
		c, ok := byPath[pkg.PkgPath]
		if !ok {
			continue
		}
		joined := &Package{Candidate: c, Types: pkg.Types, Info: pkg.TypesInfo, TypeErrors: pkg.TypeErrors, ParseErrors: map[string]error{}}
		joined.Types.SetName(c.Name)
		for _, f := range pkg.Syntax {
			if p.renamed[f] {
				f.Name.Name = c.Name
			}
			if !p.generated[f] {
				joined.Handwritten = append(joined.Handwritten, f)
			}
		}
		for _, name := range pkg.CompiledGoFiles {
			if err := p.errors[name]; err != nil {
				joined.ParseErrors[name] = err
			}
		}
		for _, name := range c.testFileNames {
			// What is wrong in a test file besides is none of our business.
			f, err := parser.ParseFile(fset, name, nil, parser.ParseComments|parser.SkipObjectResolution)
			if f == nil {
				return nil, nil, err
			}
			joined.TestFiles = append(joined.TestFiles, f)
		}
		list = append(list, joined)
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Path < list[j].Path })
	return NewUniverse(fset, pkgs, list), list, nil
}

// loadPatterns are the import paths of the candidates; or the patterns as they were
// given, if these are files, which belong to no import path.
func loadPatterns(opts Options, candidates []Candidate) []string {
	var paths []string
	for _, c := range candidates {
		if c.Path == commandLinePath {
			return opts.patterns()
		}
		paths = append(paths, c.Path)
	}
	return paths
}

// runGo lets the go command list and go/packages read what the patterns match. The error is one
// sentence, without what go/packages wraps around the words of the go command.
func loadPackages(config *packages.Config, patterns []string) ([]*packages.Package, error) {
	pkgs, err := packages.Load(config, patterns...)
	if err == nil {
		if len(pkgs) == 0 {
			return nil, goListError(config, patterns)
		}
		return pkgs, nil
	}
	message, stderr, _ := strings.Cut(err.Error(), ": stderr: ")
	if stderr = goMessage(stderr); stderr != "" {
		return nil, errors.New(stderr)
	}
	return nil, errors.New(naming.JoinLines(strings.TrimPrefix(message, "err: ")))
}

// complaint returns what the go command says when it is asked for the patterns without -e. With it, which go/packages
// gives, it keeps to itself, for one, that go.mod has to be updated.
func goListError(config *packages.Config, patterns []string) error {
	list := exec.CommandContext(config.Context, "go", slices.Concat([]string{"list"}, config.BuildFlags, []string{"--"}, patterns)...)
	list.Dir, list.Env = config.Dir, config.Env
	var stderr strings.Builder
	list.Stderr = &stderr
	if err := list.Run(); err != nil && stderr.Len() > 0 {
		return errors.New(goMessage(stderr.String()))
	}
	return nil
}

// inOneLine returns the words of the go command as a sentence of ours.
func goMessage(stderr string) string { return strings.TrimPrefix(naming.JoinLines(stderr), "go: ") }
