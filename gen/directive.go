package gen

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strconv"
	"strings"
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
	fix     *replacement
}

// parseDirective reads a comment, "//" included. It reports false if that isn't a //saga:
// directive. What is returned beside mistakes is what could be read in spite of them.
func parseDirective(text string) (directive, []mistake, bool) {
	parsed, ok := ast.ParseDirective(0, text)
	if !ok || parsed.Tool != "saga" {
		return directive{}, nil, false
	}
	p := &directiveParser{directive: directive{verb: parsed.Name}}
	if _, known := forms[p.verb]; !known {
		p.unknownVerb(len("//saga:"))
	}
	if f, known := forms[p.verb]; known {
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
	comma    bool // a comma between names was reported
	remark   bool // so was a word that may be the first of a remark
}

func (p *directiveParser) mistake(code Code, offset int, format string, args ...any) *mistake {
	p.mistakes = append(p.mistakes, mistake{code: code, offset: offset, message: fmt.Sprintf(format, args...)})
	return &p.mistakes[len(p.mistakes)-1]
}

func (p *directiveParser) unknownVerb(offset int) {
	name := p.verb
	p.verb = ""
	if c, ok := Closest(name, verbs); ok {
		p.verb = c
		p.mistake(CodeUnknownDirective, offset, "there is no directive %q; did you mean //saga:%s?", "//saga:"+name, c).
			replace(offset, len(name), c)
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
	for _, a := range p.join(rest) {
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

// join makes one argument of each that has been split at the spaces in its value.
func (p *directiveParser) join(args []argument) []argument {
	var joined []argument
	for i := 0; i < len(args); i++ {
		a, first := args[i], i
		list := func(next string) bool {
			return a.key == "after" && (strings.HasSuffix(a.value, ",") || strings.HasPrefix(next, ","))
		}
		text := func(next string) bool { return a.key == "label" && !a.quoted && next != "noundo" }
		for i+1 < len(args) && args[i+1].key == "" && (list(args[i+1].value) || text(args[i+1].value)) {
			i++
			if a.key == "label" {
				a.value += " "
			}
			a.value += args[i].value
		}
		switch {
		case i == first:
		case a.key == "label":
			a.value = withoutSingleQuotes(a.value)
			p.mistake(CodeQuoting, a.valueOffset, "a label with a space has quotes around it; write label=%s", printable(a.value)).
				replace(a.valueOffset, args[i].offset+len(args[i].text)-a.valueOffset, strconv.Quote(a.value))
		default:
			p.mistake(CodeEmptyValue, args[first+1].offset, "after= has a space in its list; it is names with a comma between and no space, as in %s", keyExamples["after"])
		}
		joined = append(joined, a)
	}
	return joined
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
		p.badName(a.offset, n.name, err)
		return
	}
	p.names = append(p.names, n)
}

// badName reports a NAME or a NODE that isn't of the form of names, and how it is meant, perhaps.
func (p *directiveParser) badName(offset int, name string, err error) {
	valid := func(s string) bool { return validName(s) == nil }
	pkg, action, dotted := strings.Cut(name, ".")
	list := strings.Split(strings.TrimRight(name, ","), ",")
	bare := strings.Trim(name, `"'`+"`<>")
	switch {
	case bare != name && valid(bare):
		p.mistake(CodeBadName, offset, "%s has marks around it, and a name has none; write %s", printable(name), bare).
			replace(offset, len(name), bare)
	case p.form.actions && dotted && token.IsIdentifier(pkg) && valid(action):
		p.mistake(CodeBadName, offset, "%s is an action of another package, and a node has a name of its own; write %s=%s", printable(name), action, name).
			replace(offset, len(name), action+"="+name)
	case strings.Contains(name, ",") && !slices.ContainsFunc(list, func(s string) bool { return !valid(s) }):
		if p.comma {
			return
		}
		p.comma = true
		p.mistake(CodeBadName, offset, "%s has a comma, and arguments have only a space between; write %s", printable(name), strings.Join(list, " ")).
			replace(offset, len(name), strings.Join(list, " "))
	default:
		p.mistake(CodeBadName, offset, "%s %v", printable(name), err)
	}
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
