package load

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"sync"

	"github.com/sagagen/sagagen/gen/internal/model"
)

// fileParser parses files for the loader, several at a time.
type fileParser struct {
	candidates map[string]Candidate // by folder; nil if they aren't known yet

	mu      sync.Mutex
	generated     map[*ast.File]bool
	renamed map[*ast.File]bool
	errors  map[string]error
	assumedNames map[string]string // the package clause of our own files, by folder
}

func newFileParser(candidates []Candidate) *fileParser {
	p := &fileParser{generated: map[*ast.File]bool{}, renamed: map[*ast.File]bool{}, errors: map[string]error{}, assumedNames: map[string]string{}}
	if candidates != nil {
		p.candidates = map[string]Candidate{}
	}
	for _, c := range candidates {
		p.candidates[c.Dir] = c
	}
	return p
}

// right reports whether the candidates are what they were taken for when they weren't known: the go command and
// all files say the same name.
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

// parse parses a file. Of one of our own, only the package clause is there: what it
// declared is about to be declared anew. The package clause is as the go command has listed it,
// which may be what one of our own files says from when the package had another name: the loader
// leaves out files with another.
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

// clause returns the package name to take for a file of our own. If the go command's isn't known, it's
// that which the file says itself.
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
		clause = "_" // no package is called that
	}
	p.assumedNames[dir] = clause
	return clause
}
