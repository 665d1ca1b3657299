package load

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/build"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/sagagen/sagagen/gen/internal/directive"
	"github.com/sagagen/sagagen/gen/internal/model"
	"github.com/sagagen/sagagen/gen/internal/naming"
	"golang.org/x/tools/go/packages"
)

// Candidate is a package that seems to have directives, judging by the text of
// its files.
type Candidate struct {
	// Path is the import path, Dir the folder.
	Path string
	Dir  string
	// Name is the package name in the hand-written files.
	Name string
	// listedName is the package name according to the go command. It differs
	// from Name if the package was renamed after a file was generated.
	listedName string
	// GeneratedFiles are the names of the files that sagagen has generated.
	GeneratedFiles []string
	// testFileNames are the names of the test files that seem to have
	// directives.
	testFileNames []string
	// Partial says that other files of the package may have directives, such as
	// files for another operating system. It is only set if there are
	// GeneratedFiles.
	Partial bool
}

// commandLinePath is the import path of a package that the patterns name file
// by file. The package may have more files.
const commandLinePath = "command-line-arguments"

// mentionPattern matches directives, and comments that may be meant as
// directives.
var mentionPattern = regexp.MustCompile(
	`(?i)(//|/\*) *(sagas?|sagagen) ?([:.-]|(` + verbs + `)\b)|//[a-z]{3,5}:(` + verbs + `)\b`)

var verbs = strings.Join(directive.Verbs, "|")

// search lists the packages that match the patterns and returns the candidates
// among them.
func search(ctx context.Context, opts Options) ([]Candidate, error) {
	defer opts.Clock(stageSearch, "")()
	config := opts.config(ctx)
	config.Mode = packages.NeedName | packages.NeedFiles
	pkgs, err := loadPackages(config, opts.patterns())
	if err != nil {
		return nil, err
	}
	return opts.candidates(pkgs)
}

// candidates returns the packages that mention directives or have generated
// files. The error reports the packages that can't be listed, or that there are
// no packages.
func (opts Options) candidates(pkgs []*packages.Package) ([]Candidate, error) {
	if len(pkgs) == 0 {
		return nil, fmt.Errorf("no packages match %s", naming.Enumerate(naming.Quoted(opts.patterns()), "or"))
	}
	var found []Candidate
	var broken []error
	for _, pkg := range pkgs {
		if len(pkg.GoFiles) == 0 {
			for _, e := range pkg.Errors {
				broken = append(broken, errors.New(naming.JoinLines(e.Msg)))
			}
			continue
		}
		c, ok, err := opts.candidate(pkg)
		if err != nil {
			return nil, err
		}
		if ok {
			found = append(found, c)
		}
	}
	return found, errors.Join(broken...)
}

// candidate reads the files of a package and reports whether the package is a
// candidate.
func (opts Options) candidate(pkg *packages.Package) (Candidate, bool, error) {
	c := Candidate{Path: pkg.PkgPath, Dir: pkg.Dir, Name: pkg.Name, listedName: pkg.Name}
	if c.Dir == "" {
		c.Dir = filepath.Dir(pkg.GoFiles[0])
	}
	mentions, err := c.readSources(pkg.GoFiles)
	if err != nil {
		return c, false, err
	}
	if len(c.GeneratedFiles) > 0 {
		mentions = true // a generated file may be left over
		if c.Partial, err = anyMentions(pkg.IgnoredFiles, os.ReadFile); err != nil {
			return c, false, err
		}
		c.Partial = c.Partial || c.Path == commandLinePath
	}
	if err := c.findTests(opts.Tags); err != nil {
		return c, false, err
	}
	return c, mentions || len(c.testFileNames) > 0, nil
}

// readSources reads the compiled files, notes which are generated, and reports
// whether the hand-written ones mention directives.
func (c *Candidate) readSources(names []string) (mentions bool, err error) {
	nameKnown := false
	for _, name := range names {
		src, err := os.ReadFile(name)
		if err != nil {
			return false, err
		}
		if model.IsGenerated(name, src) {
			c.GeneratedFiles = append(c.GeneratedFiles, name)
			continue
		}
		if !nameKnown {
			if f, err := parser.ParseFile(token.NewFileSet(), name, src, parser.PackageClauseOnly); err == nil {
				c.Name, nameKnown = f.Name.Name, true
			}
		}
		mentions = mentions || mentionPattern.Match(src)
	}
	return mentions, nil
}

// anyMentions reports whether any of the files mentions directives.
func anyMentions(names []string, read func(string) ([]byte, error)) (bool, error) {
	for _, name := range names {
		src, err := read(name)
		if err != nil || mentionPattern.Match(src) {
			return err == nil, err
		}
	}
	return false, nil
}

// findTests finds the test files that have directives and match the build tags.
func (c *Candidate) findTests(tags []string) error {
	tests, err := filepath.Glob(filepath.Join(globQuote(c.Dir), "*_test.go"))
	if err != nil {
		return err
	}
	constraints := build.Default
	constraints.BuildTags = tags
	for _, name := range tests {
		src, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if !bytes.Contains(src, []byte("//saga:")) {
			continue
		}
		if match, err := constraints.MatchFile(c.Dir, filepath.Base(name)); err == nil && match {
			c.testFileNames = append(c.testFileNames, name)
		}
	}
	return nil
}

// globQuote returns a filepath.Glob pattern that matches path literally.
func globQuote(path string) string {
	return strings.NewReplacer(`*`, `\*`, `?`, `\?`, `[`, `\[`, `\`, `\\`).Replace(path)
}
