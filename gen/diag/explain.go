package diag

import (
	"embed"
	"fmt"
	"strings"

	"golang.org/x/tools/txtar"
)

// explanations holds a txtar archive for each code. The first line of its
// comment is the summary; the rest says what the code means and how to fix the
// mistake. The folder wrong contains a package with the mistake, the file
// says.txt the diagnostic, and the folder right the fixed package.
//
//go:embed explanations/*.txtar
var explanations embed.FS

// Explanation is a page about a code.
type Explanation struct {
	Code Code
	// Meaning says what the code means and how to fix the mistake, in
	// paragraphs separated by empty lines.
	Meaning string
	// Wrong is a package with the mistake, Right the same package without it.
	Wrong, Right []SourceFile
	// Says is what sagagen reports for Wrong.
	Says string
}

// SourceFile is a file of an example package.
type SourceFile struct{ Name, Content string }

// Codes returns all codes in ascending order.
func Codes() []Code {
	pages, err := explanations.ReadDir("explanations")
	if err != nil {
		panic(err) // the folder is embedded
	}
	var codes []Code
	for _, page := range pages {
		codes = append(codes, Code(strings.TrimSuffix(page.Name(), ".txtar")))
	}
	return codes
}

// Summary describes the kind of mistake in one line. It is empty for an unknown
// code.
func (c Code) Summary() string {
	content, _ := explanations.ReadFile(c.page())
	summary, _, _ := strings.Cut(string(content), "\n")
	return summary
}

func (c Code) page() string { return "explanations/" + string(c) + ".txtar" }

// Explain returns the page about a code. It returns false if the code is
// unknown.
func Explain(code Code) (Explanation, bool) {
	content, err := explanations.ReadFile(code.page())
	if err != nil {
		return Explanation{}, false
	}
	archive := txtar.Parse(content)
	_, meaning, _ := strings.Cut(string(archive.Comment), "\n")
	e := Explanation{Code: code, Meaning: strings.TrimSpace(meaning)}
	for _, f := range archive.Files {
		switch folder, name, _ := strings.Cut(f.Name, "/"); folder {
		case "wrong":
			e.Wrong = append(e.Wrong, SourceFile{name, string(f.Data)})
		case "right":
			e.Right = append(e.Right, SourceFile{name, string(f.Data)})
		default:
			e.Says = string(f.Data)
		}
	}
	return e, true
}

// SuggestCode returns the code with the number that a text contains, such as
// "SG12" or "12".
func SuggestCode(text string) (Code, bool) {
	number := func(s string) string {
		return strings.TrimLeft(strings.TrimFunc(s, func(r rune) bool { return r < '0' || r > '9' }), "0")
	}
	for _, c := range Codes() {
		if number(string(c)) == number(text) {
			return c, true
		}
	}
	return "", false
}

// Text returns the page as text for a terminal.
func (e Explanation) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", e.Code, e.Code.Summary())
	for _, paragraph := range strings.Split(e.Meaning, "\n\n") {
		b.WriteString("\n" + wrap(paragraph, 80))
	}
	b.WriteString("\nFor example, this is wrong:\n")
	writeIndented(&b, e.Wrong)
	b.WriteString("\nsagagen reports:\n\n" + indent(e.Says) + "\nFixed:\n")
	writeIndented(&b, e.Right)
	return b.String()
}

func writeIndented(b *strings.Builder, files []SourceFile) {
	for _, f := range files {
		b.WriteByte('\n')
		if len(files) > 1 {
			b.WriteString("    // " + f.Name + "\n\n")
		}
		b.WriteString(indent(f.Content))
	}
}

// indent indents all lines that are not empty.
func indent(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if line != "\n" {
			b.WriteString("    ")
		}
		b.WriteString(line)
	}
	return b.String()
}

// wrap breaks a paragraph into lines of at most width bytes.
func wrap(text string, width int) string {
	var b strings.Builder
	column := 0
	for _, word := range strings.Fields(text) {
		switch {
		case column == 0:
		case column+1+len(word) > width:
			b.WriteByte('\n')
			column = 0
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += len(word)
	}
	b.WriteByte('\n')
	return b.String()
}

// Markdown returns the page as a section of docs/diagnostics.md.
func (e Explanation) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s\n\n%s.\n\n%s\n\n", e.Code, strings.ToUpper(e.Code.Summary()[:1])+e.Code.Summary()[1:], e.Meaning)
	writeFenced(&b, e.Wrong)
	fmt.Fprintf(&b, "```text\n%s```\n\nFixed:\n\n", e.Says)
	writeFenced(&b, e.Right)
	return b.String()
}

func writeFenced(b *strings.Builder, files []SourceFile) {
	for _, f := range files {
		if len(files) > 1 {
			fmt.Fprintf(b, "%s:\n\n", f.Name)
		}
		fmt.Fprintf(b, "```go\n%s```\n\n", f.Content)
	}
}
