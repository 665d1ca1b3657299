package main

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	// maxColumns is the width of a comment line. A tab counts as tabColumns.
	maxColumns = 80
	tabColumns = 4
	// maxFiles is the number of files in a package, tests apart.
	maxFiles = 20
)

// large are the packages that may have more files, each with its reason.
var large = map[string]string{
	"bench":   "one file for each system and workload that is measured",
	"runtime": "the vocabulary, one file for each type",
}

// word is a rule of the word list.
type word struct {
	pattern *regexp.Regexp
	instead string
}

// parseWords reads the word list.
func parseWords(list string) ([]word, error) {
	var words []word
	for line := range strings.Lines(list) {
		pattern, instead, found := strings.Cut(strings.TrimSpace(line), "\t")
		if !found {
			return nil, fmt.Errorf("words.txt: line %q has no tab", line)
		}
		compiled, err := regexp.Compile("(?i)" + pattern)
		if err != nil {
			return nil, fmt.Errorf("words.txt: %w", err)
		}
		words = append(words, word{compiled, instead})
	}
	return words, nil
}

// checkFile reports the lines of one file.
func checkFile(name, text string, words []word) []string {
	var findings []string
	number := 0
	isOutput := false // of an example, which can't be wrapped
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimRight(line, "\n")
		comment, isComment := strings.CutPrefix(strings.TrimSpace(line), "// ")
		isOutput = isComment && (isOutput || strings.HasPrefix(comment, "Output:") || strings.HasPrefix(comment, "Unordered output:"))
		report := func(format string, args ...any) {
			findings = append(findings, fmt.Sprintf("%s:%d: ", name, number)+fmt.Sprintf(format, args...))
		}
		if columns := columnsOf(line); columns > maxColumns && !isOutput && isBreakable(strings.TrimSpace(line)) {
			report("the comment has %d columns; wrap it at %d", columns, maxColumns)
		}
		for _, w := range words {
			if found := w.pattern.FindString(line); found != "" {
				report("%q is not a term that we use; write %s", found, w.instead)
			}
		}
	}
	return findings
}

// columnsOf returns the width of a line.
func columnsOf(line string) int {
	return utf8.RuneCountInString(strings.ReplaceAll(line, "\t", strings.Repeat(" ", tabColumns)))
}

// isBreakable reports whether a line is a comment of several words, and not a
// directive or an expectation of a test.
func isBreakable(line string) bool {
	text, isComment := strings.CutPrefix(line, "// ")
	return isComment && strings.Contains(text, " ") && !strings.HasPrefix(text, "want ")
}

// checkPackages reports the packages with too many files.
func checkPackages(names []string) []string {
	count := map[string]int{}
	for _, name := range names {
		if !strings.HasSuffix(name, "_test.go") {
			count[path.Dir(name)]++
		}
	}
	var findings []string
	for _, dir := range slices.Sorted(maps.Keys(count)) {
		if count[dir] > maxFiles && large[dir] == "" {
			findings = append(findings, fmt.Sprintf("%s: the package has %d files; split it, at most %d", dir, count[dir], maxFiles))
		}
	}
	return findings
}
