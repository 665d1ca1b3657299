// Command stylecheck reports lines of this module that break the rules of
// CONTRIBUTING.md which a program can check: the width of comments, words that
// have a better one, and packages with too many files. Run it in the module's
// root:
//
//	go run ./internal/stylecheck
//
// It exits with status 1 if it reports anything. Generated files and testdata
// are not checked.
package main

import (
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// wordList has one rule a line: a regular expression, a tab, and what to write
// instead.
//
//go:embed words.txt
var wordList string

func main() {
	findings, err := check()
	if err != nil {
		fmt.Fprintln(os.Stderr, "stylecheck:", err)
		os.Exit(2)
	}
	for _, f := range findings {
		fmt.Println(f)
	}
	if len(findings) > 0 {
		os.Exit(1)
	}
}

// check checks all Go files of the repository in the current directory.
func check() ([]string, error) {
	words, err := parseWords(wordList)
	if err != nil {
		return nil, err
	}
	out, err := exec.Command("git", "ls-files", "-co", "--exclude-standard", "*.go").Output()
	if err != nil {
		return nil, fmt.Errorf("git ls-files: %w", err)
	}
	var findings, names []string
	for _, name := range strings.Fields(string(out)) {
		if strings.HasSuffix(name, "_saga_gen.go") || slices.Contains(strings.Split(name, "/"), "testdata") {
			continue
		}
		text, err := os.ReadFile(name)
		if os.IsNotExist(err) {
			continue // deleted, and not committed yet
		}
		if err != nil {
			return nil, err
		}
		names = append(names, name)
		findings = append(findings, checkFile(name, string(text), words)...)
	}
	return append(findings, checkPackages(names)...), nil
}
