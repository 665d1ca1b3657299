package directive

import (
	"strings"

	"github.com/sagagen/sagagen/gen/diag"
	"github.com/sagagen/sagagen/gen/internal/naming"
	"github.com/sagagen/sagagen/internal/spelling"
)

func (p *parser) unknownArgument(a Argument) {
	if a.key == "" {
		p.unknownWord(a)
		return
	}
	if p.meansUndo(a.key, a) {
		return
	}
	if key, ok := spelling.Closest(a.key, p.spec.words()); ok {
		p.mistake(diag.CodeUnknownArgument, a.Offset, "//saga:%s has no argument %s; did you mean %s?", p.Verb, keyText(a.key), key).
			replace(p.misspelt(a, key))
		return
	}
	if key := synonyms[spelling.Fold(a.key)]; p.spec.takes(key) {
		p.mistake(diag.CodeUnknownArgument, a.Offset, "//saga:%s has no argument %s; use %s, as in %s", p.Verb, keyText(a.key), key, keyExamples[key])
		return
	}
	if p.Verb == "append" && a.key == "after" {
		p.mistake(diag.CodeUnknownArgument, a.Offset, "//saga:append has no argument after=, because it runs after the whole previous stage; to choose what a node runs after, use %s", Specs["node"].usage)
		return
	}
	p.mistake(diag.CodeUnknownArgument, a.Offset, "//saga:%s has no argument %s; usage: %s", p.Verb, keyText(a.key), p.spec.usage)
}

func (p *parser) unknownWord(a Argument) {
	if p.meansUndo(a.value, a) {
		return
	}
	key, value, colon := strings.Cut(a.value, ":")
	name, near := spelling.Closest(a.value, p.spec.words())
	meant := name
	switch {
	case p.spec.takes(a.value):
		p.remark = true // what follows is meant as the value
		p.mistake(diag.CodeEmptyValue, a.Offset, "%s has no value; add one, as in %s, or remove it", a.value, keyExamples[a.value])
		return
	case colon && p.spec.takes(key):
		meant = key + "=" + value
	case near && p.spec.takes(name):
		meant = keyExamples[name]
	case !near && !p.remark:
		p.remark = true
		p.mistake(diag.CodeUnknownArgument, a.Offset, "//saga:%s has no argument %s; usage: %s", p.Verb, naming.Printable(a.Text), p.spec.usage)
		return
	case !near:
		return
	}
	m := p.mistake(diag.CodeUnknownArgument, a.Offset, "//saga:%s has no argument %s; did you mean %s?", p.Verb, naming.Printable(a.value), meant)
	if meant != keyExamples[name] { // whose value is an example's
		m.replace(a.Offset, len(a.Text), meant)
	}
}

// misspelt returns the part of an argument that the right spelling replaces:
// the key, or the whole argument if the right spelling is a word without a
// value.
func (p *parser) misspelt(a Argument, key string) (offset, length int, text string) {
	if p.spec.takes(key) {
		return a.Offset, len(a.key), key
	}
	return a.Offset, len(a.Text), key
}

// meansUndo reports an argument of a do that probably says that there is an
// undo. noundo, the closest spelling, would say the opposite, so it isn't
// suggested.
func (p *parser) meansUndo(word string, a Argument) bool {
	switch {
	case p.Verb != "do":
		return false
	case strings.EqualFold(word, "undo"):
		p.mistake(diag.CodeUnknownArgument, a.Offset, "//saga:do has no argument undo; write //saga:undo and the name of the action above the function that undoes it")
	case spelling.Fold(word) == "noundo" && strings.Contains(a.Text, "="):
		p.mistake(diag.CodeUnknownArgument, a.Offset, "noundo takes no value; write noundo if there is nothing to undo, and remove it otherwise")
	default:
		return false
	}
	return true
}
