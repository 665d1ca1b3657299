package load

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"sync"

	"github.com/sagagen/sagagen/gen/internal/model"
)

// fileParser parses files for go/packages, which calls parse from several
// goroutines. Use its other methods after that.
type fileParser struct {
	candidates map[string]Candidate // by folder; nil if the packages weren't listed

	mu        sync.Mutex
	generated map[*ast.File]bool
	// renamed are the files whose package clause parse has replaced by the
	// candidate's listedName.
	renamed map[*ast.File]bool
	errors  map[string]error // syntax errors, by file name
	// assumedNames are the package names that parse has assumed for generated
	// files, by folder.
	assumedNames map[string]string
}

// newFileParser returns a parser for the files of the candidates. If candidates
// is nil, it assumes the package names of generated files; see namesConfirmed.
func newFileParser(candidates []Candidate) *fileParser {
	p := &fileParser{
		generated:    map[*ast.File]bool{},
		renamed:      map[*ast.File]bool{},
		errors:       map[string]error{},
		assumedNames: map[string]string{},
	}
	if candidates != nil {
		p.candidates = map[string]Candidate{}
	}
	for _, c := range candidates {
		p.candidates[c.Dir] = c
	}
	return p
}

// namesConfirmed reports whether the assumed package names were right: for each
// candidate, the go command, the hand-written files and the generated file have
// the same package name.
func (p *fileParser) namesConfirmed(candidates []Candidate) bool {
	for _, c := range candidates {
		if c.Name != c.listedName {
			return false
		}
		if clause, ok := p.assumedNames[c.Dir]; ok && clause != c.Name {
			return false
		}
	}
	return true
}

// parse parses a file. It implements the ParseFile function of go/packages.
//
// A generated file is reduced to its package clause, since its declarations are
// about to be generated again. Every file gets the package name that the go
// command has listed, since go/packages drops files with another name. That
// name may be an old one: the go command may take it from a file that was
// generated before the package was renamed. join restores the names.
func (p *fileParser) parse(fset *token.FileSet, name string, src []byte) (*ast.File, error) {
	if model.IsGenerated(name, src) {
		if clause := p.assumedName(name, src); clause != "" {
			f, err := parser.ParseFile(fset, name, "package "+clause+"\n", parser.SkipObjectResolution)
			p.mu.Lock()
			defer p.mu.Unlock()
			p.generated[f] = true
			return f, err
		}
	}
	f, err := parser.ParseFile(fset, name, src, parser.ParseComments|parser.AllErrors|parser.SkipObjectResolution)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		p.errors[name] = err
	}
	if c := p.candidates[filepath.Dir(name)]; f != nil && c.Name != c.listedName && f.Name.Name == c.Name {
		f.Name.Name = c.listedName
		p.renamed[f] = true
	}
	return f, err
}

// assumedName returns the package name for a generated file: the name that the
// go command has listed or, if the packages weren't listed, the name in the
// file itself. It returns "" if the folder is not a candidate's.
func (p *fileParser) assumedName(name string, src []byte) string {
	dir := filepath.Dir(name)
	if p.candidates != nil {
		return p.candidates[dir].listedName
	}
	clause := "_"
	if f, err := parser.ParseFile(token.NewFileSet(), name, src, parser.PackageClauseOnly); err == nil {
		clause = f.Name.Name
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if earlier, ok := p.assumedNames[dir]; ok && earlier != clause {
		clause = "_" // not a valid package name, so it is never confirmed
	}
	p.assumedNames[dir] = clause
	return clause
}
