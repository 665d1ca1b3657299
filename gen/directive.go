package gen

import (
	"fmt"
	"go/ast"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// directive is the text of one directive, read without a look at the code around it. All
// offsets are in bytes from the beginning of its comment.
type directive struct {
	// verb is what follows the colon: "do", "append".
	verb string
	// names are the NAME or the NODEs. It is empty if there is none that could be read.
	names []nameArg

	noundo argument
	label  string
	policy Policy
	after  []nameArg

	value, dag, params reference

	// flawed says that something in it was reported, and something may be missing here.
	flawed bool
}

// nameArg is a NAME, or a NODE in the form name or name=action.
type nameArg struct {
	name   string
	offset int
	action reference // empty for a mere name
}

// reference is NAME or pkg.NAME.
type reference struct {
	pkg, name string
	offset    int
}

func (r reference) String() string {
	if r.pkg == "" {
		return r.name
	}
	return r.pkg + "." + r.name
}

// mistake is something wrong in a directive's text.
type mistake struct {
	code    Code
	offset  int
	message string
}

// parseDirective reads a comment, "//" included. It reports false if that isn't a //saga:
// directive. What is returned beside mistakes is what could be read in spite of them.
func parseDirective(text string) (directive, []mistake, bool) {
	parsed, ok := ast.ParseDirective(0, text)
	if !ok || parsed.Tool != "saga" {
		return directive{}, nil, false
	}
	p := &directiveParser{directive: directive{verb: parsed.Name}}
	f, known := forms[parsed.Name]
	if !known {
		p.unknownVerb(len("//saga:"))
	} else {
		p.form = f
		p.arguments(tokenize(parsed.Args, int(parsed.ArgsPos), &p.mistakes))
	}
	p.flawed = len(p.mistakes) > 0
	return p.directive, p.mistakes, true
}

type directiveParser struct {
	directive
	form     form
	mistakes []mistake
}

func (p *directiveParser) mistake(code Code, offset int, format string, args ...any) {
	p.mistakes = append(p.mistakes, mistake{code, offset, fmt.Sprintf(format, args...)})
}

func (p *directiveParser) unknownVerb(offset int) {
	name := p.verb
	p.verb = ""
	if c, ok := closest(name, verbs); ok {
		p.verb = c
		p.mistake(CodeUnknownDirective, offset, "there is no directive %q; did you mean //saga:%s?", "//saga:"+name, c)
		return
	}
	p.mistake(CodeUnknownDirective, offset, "there is no directive %q; there are %s", "//saga:"+name, enumerate(verbs, "and"))
}

func (p *directiveParser) arguments(args []argument) {
	// The name comes first, as a NODE looks like key=value.
	var rest []argument
	for i, a := range args {
		if (i == 0 || p.form.manyNames) && p.isName(a) {
			p.name(a)
		} else {
			rest = append(rest, a)
		}
	}
	otherKey := len(args) > 0 && args[0].key != "" && !p.form.takes(args[0].key) // and that is the mistake
	if len(p.names) == 0 && len(p.mistakes) == 0 && !otherKey {
		p.mistake(CodeMissingArgument, 0, "//saga:%s has no %s right behind it; it is %s", p.verb, p.form.nameWord(), p.form.usage)
		return
	}
	seen := map[string]bool{}
	for _, a := range rest {
		key := a.key
		if key == "" {
			key = a.value
		}
		switch {
		case a.key == "" && p.form.noundo && a.value == "noundo":
		case a.key != "" && p.form.takes(a.key):
		default:
			p.unknownArgument(a)
			continue
		}
		if seen[key] {
			p.mistake(CodeRepeatedArgument, a.offset, "%s is given twice; leave one out", key)
			continue
		}
		seen[key] = true
		if key == "noundo" {
			p.noundo = a
			continue
		}
		if a.value == "" {
			p.mistake(CodeEmptyValue, a.offset, "%s= has no value; give one, as in %s, or leave it out", key, keyExamples[key])
			continue
		}
		p.set(a)
	}
	for _, key := range p.form.required {
		if !seen[key] && len(p.mistakes) == 0 {
			p.mistake(CodeMissingArgument, 0, "//saga:%s has no %s=, as in %s; it is %s", p.verb, key, keyExamples[key], p.form.usage)
		}
	}
}

// isName reports whether an argument at the place of a name is meant as one. In the form
// name=action, the keys of all directives are none, as "append hotel after=payment" is a mistake.
func (p *directiveParser) isName(a argument) bool {
	if a.key != "" {
		return p.form.actions && keyExamples[a.key] == ""
	}
	return !(p.form.noundo && a.value == "noundo")
}

func (p *directiveParser) name(a argument) {
	n := nameArg{name: a.value, offset: a.offset}
	if a.key != "" {
		n.name = a.key
		var ok bool
		if a.value == "" {
			p.mistake(CodeEmptyValue, a.offset, "node %s names no action behind the =; give one, or leave the = out", printable(n.name))
			return
		}
		if n.action, ok = p.reference(a, "an action", validName); !ok {
			return
		}
	}
	if err := validName(n.name); err != nil {
		p.mistake(CodeBadName, a.offset, "%s %v", printable(n.name), err)
		return
	}
	p.names = append(p.names, n)
}

// reference reads a value of the form NAME or pkg.NAME.
func (p *directiveParser) reference(a argument, what string, valid func(string) error) (reference, bool) {
	r := reference{name: a.value, offset: a.valueOffset}
	if pkg, name, dotted := strings.Cut(a.value, "."); dotted {
		r.pkg, r.name = pkg, name
		if err := validIdent(pkg); err != nil {
			p.mistake(CodeBadName, a.valueOffset, "%s names no package in front of the dot; %s is NAME, or pkg.NAME of an imported package", printable(a.value), what)
			return r, false
		}
	}
	if err := valid(r.name); err != nil {
		p.mistake(CodeBadName, a.valueOffset+len(a.value)-len(r.name), "%s %v", printable(r.name), err)
		return r, false
	}
	return r, true
}

func (p *directiveParser) unknownArgument(a argument) {
	if a.key == "" {
		if name, ok := closest(a.value, p.form.words()); ok {
			p.mistake(CodeUnknownArgument, a.offset, "//saga:%s takes no %s; did you mean %s?", p.verb, printable(a.value), name)
			return
		}
		p.mistake(CodeUnknownArgument, a.offset, "//saga:%s takes no %s; it is %s", p.verb, printable(a.text), p.form.usage)
		return
	}
	if key, ok := closest(a.key, p.form.words()); ok {
		p.mistake(CodeUnknownArgument, a.offset, "//saga:%s takes no %s; did you mean %s?", p.verb, keyText(a.key), key)
		return
	}
	if p.verb == "append" && a.key == "after" {
		p.mistake(CodeUnknownArgument, a.offset, "//saga:append takes no after=, as it runs after all of the stage before; a node with edges of its own is %s", forms["node"].usage)
		return
	}
	p.mistake(CodeUnknownArgument, a.offset, "//saga:%s takes no %s; it is %s", p.verb, keyText(a.key), p.form.usage)
}

func (p *directiveParser) set(a argument) {
	switch a.key {
	case "label":
		p.setLabel(a)
	case "timeout":
		p.policy.Timeout = p.duration(a)
	case "backoff":
		p.policy.Backoff = p.duration(a)
	case "retry":
		n, err := strconv.ParseInt(a.value, 10, 32)
		if err != nil || n < 0 {
			p.mistake(CodeBadValue, a.valueOffset, "retry=%s is no number of further attempts; it is 0 or more, as in retry=5", printable(a.value))
			return
		}
		retry := int(n)
		p.policy.Retry = &retry
	case "after":
		p.setAfter(a)
	case "value":
		p.value, _ = p.reference(a, "a value", validIdent)
	case "dag":
		p.dag, _ = p.reference(a, "a saga", validName)
	case "params":
		p.params = reference{name: a.value, offset: a.valueOffset}
		if err := validName(a.value); err != nil {
			p.params = reference{}
			p.mistake(CodeBadName, a.valueOffset, "%s %v", printable(a.value), err)
		}
	}
}

func (p *directiveParser) setLabel(a argument) {
	const most = 128
	switch {
	case len(a.value) > most:
		p.mistake(CodeBadValue, a.valueOffset, "a label is at most %d bytes long, this one has %d", most, len(a.value))
	case !utf8.ValidString(a.value) || strings.ContainsFunc(a.value, func(r rune) bool { return !unicode.IsPrint(r) }):
		p.mistake(CodeBadValue, a.valueOffset, "label %q has a character that doesn't print", a.value)
	case !a.quoted && strings.ContainsRune(a.value, '"'):
		p.mistake(CodeQuoting, a.valueOffset, "the quotes go around the whole value: label=%q", strings.ReplaceAll(a.value, `"`, ""))
	case strings.TrimSpace(a.value) == "":
		p.mistake(CodeEmptyValue, a.offset, "label= has no value; give one, as in %s, or leave it out", keyExamples["label"])
	default:
		p.label = a.value
	}
}

func (p *directiveParser) duration(a argument) *time.Duration {
	d, err := time.ParseDuration(a.value)
	if err != nil || d <= 0 {
		p.mistake(CodeBadValue, a.valueOffset, "%s=%s is no duration above zero; it is a number and a unit, as in %s", a.key, printable(a.value), keyExamples[a.key])
		return nil
	}
	return &d
}

func (p *directiveParser) setAfter(a argument) {
	offset := a.valueOffset
	if a.quoted {
		offset++
	}
	seen := map[string]bool{}
	for name := range strings.SplitSeq(a.value, ",") {
		trimmed := strings.TrimSpace(name)
		at := offset + strings.Index(name, trimmed)
		offset += len(name) + 1
		switch err := validName(trimmed); {
		case trimmed == "":
			p.mistake(CodeEmptyValue, at, "after= has an empty name in its list; it is names with a comma between and no space, as in %s", keyExamples["after"])
		case err != nil:
			p.mistake(CodeBadName, at, "%s %v", printable(trimmed), err)
		case seen[trimmed]:
			p.mistake(CodeRepeatedArgument, at, "node %q stands twice in after=; leave one out", trimmed)
		default:
			seen[trimmed] = true
			p.after = append(p.after, nameArg{name: trimmed, offset: at})
		}
	}
}
