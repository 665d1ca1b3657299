// Package directive parses the text of one directive. It knows nothing of the
// code around it: a directive in, its arguments and mistakes out, with offsets
// in bytes from the start of the comment.
package directive

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strconv"
	"strings"

	"github.com/sagagen/sagagen/gen/diag"
	"github.com/sagagen/sagagen/gen/internal/naming"
	"github.com/sagagen/sagagen/internal/spelling"
)

// Directive is a parsed directive.
type Directive struct {
	// Verb is the word after the colon: "do", "append". It is empty if there is
	// no such directive.
	Verb string
	// Names are the NAME or the NODEs. It is empty if none could be parsed.
	Names []NameArg

	Noundo Argument
	Label  string
	Policy Policy
	After  []NameArg

	Value, Dag, Params Reference

	// Flawed says that the directive has mistakes, so arguments may be missing
	// here.
	Flawed bool
}

// NameArg is a NAME, or a NODE of the form name or name=action.
type NameArg struct {
	Name   string
	Offset int
	Action Reference // empty for a mere name
}

// Reference is a name, or pkg.NAME for a name of an imported package.
type Reference struct {
	Pkg, Name string
	Offset    int
}

func (r Reference) String() string {
	if r.Pkg == "" {
		return r.Name
	}
	return r.Pkg + "." + r.Name
}

// Parse parses a comment, including its "//". It returns false if the comment
// isn't a //saga: directive. If there are mistakes, the directive has the
// arguments that could be parsed in spite of them.
func Parse(text string) (Directive, []Mistake, bool) {
	parsed, ok := ast.ParseDirective(0, text)
	if !ok || parsed.Tool != "saga" {
		return Directive{}, nil, false
	}
	p := &parser{Directive: Directive{Verb: parsed.Name}}
	if _, known := Specs[p.Verb]; !known {
		p.unknownVerb(len("//saga:"))
	}
	if spec, known := Specs[p.Verb]; known {
		p.spec = spec
		p.arguments(p.tokenize(parsed.Args, int(parsed.ArgsPos)))
	}
	p.Flawed = len(p.mistakes) > 0
	return p.Directive, p.mistakes, true
}

type parser struct {
	Directive
	spec     Spec
	mistakes []Mistake
	comma    bool // whether a comma between names was reported
	remark   bool // whether a word that may begin a remark was reported
}

func (p *parser) mistake(code diag.Code, offset int, format string, args ...any) *Mistake {
	p.mistakes = append(p.mistakes, Mistake{Code: code, Offset: offset, Message: fmt.Sprintf(format, args...)})
	return &p.mistakes[len(p.mistakes)-1]
}

func (p *parser) unknownVerb(offset int) {
	name := p.Verb
	p.Verb = ""
	if c, ok := spelling.Closest(name, Verbs); ok {
		p.Verb = c
		p.mistake(diag.CodeUnknownDirective, offset, "unknown directive %q; did you mean //saga:%s?", "//saga:"+name, c).
			replace(offset, len(name), c)
		return
	}
	p.mistake(diag.CodeUnknownDirective, offset, "unknown directive %q; the directives are %s", "//saga:"+name, naming.Enumerate(Verbs, "and"))
}

func (p *parser) arguments(args []Argument) {
	// Names come first, since a NODE looks like key=value.
	var rest []Argument
	for i, a := range args {
		if (i == 0 || p.spec.manyNames) && p.isName(a) {
			p.name(a)
		} else {
			rest = append(rest, a)
		}
	}
	otherKey := len(args) > 0 && args[0].key != "" && !p.spec.takes(args[0].key) // and that is the mistake
	if len(p.Names) == 0 && len(p.mistakes) == 0 && !otherKey {
		p.mistake(diag.CodeMissingArgument, 0, "//saga:%s is missing its %s; usage: %s", p.Verb, p.spec.nameWord(), p.spec.usage)
		return
	}
	seen := map[string]bool{}
	for _, a := range p.join(rest) {
		key := a.key
		if key == "" {
			key = a.value
		}
		switch {
		case a.key == "" && p.spec.noundo && a.value == "noundo":
		case a.key != "" && p.spec.takes(a.key):
		default:
			p.unknownArgument(a)
			continue
		}
		if seen[key] {
			p.mistake(diag.CodeRepeatedArgument, a.Offset, "argument %s is repeated; remove one", key)
			continue
		}
		seen[key] = true
		if key == "noundo" {
			p.Noundo = a
			continue
		}
		if a.value == "" {
			p.mistake(diag.CodeEmptyValue, a.Offset, "%s= has no value; add one, as in %s, or remove it", key, keyExamples[key])
			continue
		}
		p.set(a)
	}
	for _, key := range p.spec.required {
		if !seen[key] && len(p.mistakes) == 0 {
			p.mistake(diag.CodeMissingArgument, 0, "//saga:%s is missing %s=, as in %s; usage: %s", p.Verb, key, keyExamples[key], p.spec.usage)
		}
	}
}

// join joins the parts of values that were split at spaces: of a label without
// quotes, and of a list of names with spaces around its commas.
func (p *parser) join(args []Argument) []Argument {
	var joined []Argument
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
			p.mistake(diag.CodeQuoting, a.valueOffset, "a label that contains a space must be quoted; write label=%s", naming.Printable(a.value)).
				replace(a.valueOffset, args[i].Offset+len(args[i].Text)-a.valueOffset, strconv.Quote(a.value))
		default:
			p.mistake(diag.CodeEmptyValue, args[first+1].Offset, "the list in after= contains a space; separate the names with commas only, as in %s", keyExamples["after"])
		}
		joined = append(joined, a)
	}
	return joined
}

// isName reports whether an argument in the position of a name is meant as a
// name. The key of a directive's argument can't be the name in name=action,
// since "append hotel after=payment" is a mistake.
func (p *parser) isName(a Argument) bool {
	if a.key != "" {
		return p.spec.actions && keyExamples[a.key] == ""
	}
	return !(p.spec.noundo && a.value == "noundo")
}

func (p *parser) name(a Argument) {
	n := NameArg{Name: a.value, Offset: a.Offset}
	if a.key != "" {
		n.Name = a.key
		var ok bool
		if a.value == "" {
			p.mistake(diag.CodeEmptyValue, a.Offset, "node %s has no action after the =; add one, or remove the =", naming.Printable(n.Name))
			return
		}
		if n.Action, ok = p.reference(a, "an action", validName); !ok {
			return
		}
	}
	if err := validName(n.Name); err != nil {
		p.badName(a.Offset, n.Name, err)
		return
	}
	p.Names = append(p.Names, n)
}

// badName reports a NAME or a NODE that isn't a valid name, and suggests the
// name that is probably meant.
func (p *parser) badName(offset int, name string, err error) {
	valid := func(s string) bool { return validName(s) == nil }
	pkg, action, dotted := strings.Cut(name, ".")
	list := strings.Split(strings.TrimRight(name, ","), ",")
	bare := strings.Trim(name, `"'`+"`<>")
	switch {
	case bare != name && valid(bare):
		p.mistake(diag.CodeBadName, offset, "%s is enclosed in quotes or brackets, which are not allowed in a name; write %s", naming.Printable(name), bare).
			replace(offset, len(name), bare)
	case p.spec.actions && dotted && token.IsIdentifier(pkg) && valid(action):
		p.mistake(diag.CodeBadName, offset, "%s is an action of another package, so its node needs a name; write %s=%s", naming.Printable(name), action, name).
			replace(offset, len(name), action+"="+name)
	case strings.Contains(name, ",") && !slices.ContainsFunc(list, func(s string) bool { return !valid(s) }):
		if p.comma {
			return
		}
		p.comma = true
		p.mistake(diag.CodeBadName, offset, "%s contains a comma, but arguments are separated by spaces; write %s", naming.Printable(name), strings.Join(list, " ")).
			replace(offset, len(name), strings.Join(list, " "))
	default:
		p.mistake(diag.CodeBadName, offset, "%s %v", naming.Printable(name), err)
	}
}

// reference parses a value of the form NAME or pkg.NAME.
func (p *parser) reference(a Argument, what string, valid func(string) error) (Reference, bool) {
	r := Reference{Name: a.value, Offset: a.valueOffset}
	if pkg, name, dotted := strings.Cut(a.value, "."); dotted {
		r.Pkg, r.Name = pkg, name
		if err := validIdent(pkg); err != nil {
			p.mistake(diag.CodeBadName, a.valueOffset, "%s has no valid package name before the dot; %s is NAME, or pkg.NAME of an imported package", naming.Printable(a.value), what)
			return r, false
		}
	}
	if err := valid(r.Name); err != nil {
		p.mistake(diag.CodeBadName, a.valueOffset+len(a.value)-len(r.Name), "%s %v", naming.Printable(r.Name), err)
		return r, false
	}
	return r, true
}
