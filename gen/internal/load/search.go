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

// Candidate is a package that seems to have directives, found without a look at types.
type Candidate struct {
	Path string
	Dir  string
	// Name is that of the package clause of the hand-written files.
	Name string
	// listed is that of the go command, which looks at our own output too.
	listedName string
	// Outputs are its files that this program has written.
	GeneratedFiles []string
	// tests are the test files that seem to have directives.
	testFileNames []string
	// Partial says that there may be directives in other files of the package, such as those for
	// another system.
	Partial bool
}

// filesPath is the import path of a package that was given by its files, which may not be all.
const commandLinePath = "command-line-arguments"

// mention finds what is a directive, or may be meant as one.
var mentionPattern = regexp.MustCompile(`(?i)(//|/\*) *(sagas?|sagagen) ?([:.-]|(` + strings.Join(directive.Verbs, "|") + `)\b)|//[a-z]{3,5}:(` + strings.Join(directive.Verbs, "|") + `)\b`)

// search lists the packages that the patterns match and returns those whose files mention
// directives, or that have output of ours. Loading types is what costs, so it is done for these alone.
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

// candidates returns those of the packages that mention directives or have output of ours.
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

// look reads the files of a package and reports whether the package is a candidate.
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
		mentions = true // it may be left over
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

// readSources sorts the files that are compiled, and reports whether those written by hand mention
// directives.
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

// mentioned reports whether any of the files mentions directives.
func anyMentions(names []string, read func(string) ([]byte, error)) (bool, error) {
	for _, name := range names {
		src, err := read(name)
		if err != nil || mentionPattern.Match(src) {
			return err == nil, err
		}
	}
	return false, nil
}

// findTests finds the test files of the package that have directives, with the build tags that hold.
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

// globQuote makes a pattern that matches the path only.
func globQuote(path string) string {
	return strings.NewReplacer(`*`, `\*`, `?`, `\?`, `[`, `\[`, `\`, `\\`).Replace(path)
}
