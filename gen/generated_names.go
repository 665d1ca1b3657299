package gen

import (
	"go/token"
	"go/types"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// GeneratedName is a name that the generated file declares for the whole package, a method of
// a generated type as in "BookTripResult.Payment", or a predeclared identifier that the file
// relies on. Two of one name, or a hand-written declaration of one, can't be compiled.
type GeneratedName struct {
	Name string
	// What tells what has the name, as in `the constant for the name of action "payment"`.
	What string
	// Action, Saga and Node are what the name comes from, as far as it comes from one.
	Action *Action
	Saga   *Saga
	Node   *Node
	// Predeclared says that it isn't declared by the file, but used.
	Predeclared bool
}

// GeneratedNames lists the names of everything that Emit declares for p, and the predeclared
// identifiers that it uses. A name stands in it twice if it would be declared twice.
func GeneratedNames(p *Package) []GeneratedName {
	var names []GeneratedName
	if len(p.Actions) > 0 {
		names = append(names,
			GeneratedName{Name: "NewRegistry", What: "the function that makes the registry"},
			GeneratedName{Name: "RegisterActions", What: "the function that registers the actions"})
	}
	for _, a := range p.Actions {
		add := func(name, what string) {
			names = append(names, GeneratedName{Name: name, What: what + " action " + strconv.Quote(a.Name), Action: a})
		}
		add(actionConstant(a), "the constant for the name of")
		add(actionFunc(a), "the function that makes")
		if len(a.Inputs) > 0 {
			add(inputsType(a), "the type of the inputs of")
		}
	}
	for _, s := range p.Sagas {
		n := namesOf(s)
		add := func(name, what string) {
			names = append(names, GeneratedName{Name: name, What: what + " saga " + strconv.Quote(s.Name), Saga: s})
		}
		add(n.DAG, "the function that returns the DAG of")
		add(n.Build, "the variable that builds the DAG of")
		add(n.Start, "the function that starts")
		add(n.Find, "the function that finds")
		add(n.Run, "the handle of")
		add(n.Result, "the result of")
		add(n.Result+".DecodeOutputs", "the decoder of the result of")
		for _, node := range s.Nodes {
			if node.Output != nil {
				names = append(names, GeneratedName{
					Name: n.Result + "." + goName(node.Name),
					What: "the accessor of node " + strconv.Quote(node.Name),
					Saga: s, Node: node,
				})
			}
		}
	}
	shapes, _ := newShapes(p) // a type without a shape has no constant either
	for _, c := range shapes.constants {
		names = append(names, GeneratedName{Name: c.name, What: "the shape of type " + types.TypeString(c.typ, types.RelativeTo(p.Types))})
	}
	for _, name := range predeclaredUsed(p) {
		names = append(names, GeneratedName{Name: name, What: "the predeclared identifier", Predeclared: true})
	}
	return names
}

// declaredNames is the set of names that mean something in the whole package: keywords, predeclared
// and hand-written ones, and those that Emit declares.
func declaredNames(p *Package) map[string]bool {
	declared := map[string]bool{"_": true, "init": true}
	for tok := token.BREAK; tok <= token.VAR; tok++ {
		declared[tok.String()] = true
	}
	for _, name := range slices.Concat(types.Universe.Names(), p.Types.Scope().Names()) {
		declared[name] = true
	}
	for _, n := range GeneratedNames(p) {
		declared[n.Name] = true
	}
	return declared
}

// predeclaredUsed lists the predeclared identifiers in the file generated for p, sorted.
func predeclaredUsed(p *Package) []string {
	used := map[string]bool{"error": true, "nil": len(p.Actions) > 0 && p.App == nil}
	for _, t := range emittedTypes(p) {
		eachType(t, func(t types.Type) {
			switch t := t.(type) {
			case *types.Basic:
				used[t.Name()] = true
			case interface{ Obj() *types.TypeName }: // any and error are named types
				if t.Obj().Pkg() == nil {
					used[t.Obj().Name()] = true
				}
			case *types.Interface:
				used["any"] = used["any"] || t.Empty()
			}
		})
	}
	var names []string
	for name, is := range used {
		if is && types.Universe.Lookup(name) != nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// sagaNames are the names declared for one saga.
type sagaNames struct{ DAG, Build, Start, Find, Run, Result string }

// namesOf returns the names declared for s: exported if its parameter type is.
func namesOf(s *Saga) sagaNames {
	t := s.Params.Name()
	start, find := "Start", "Find"
	if !token.IsExported(t) {
		start, find = "start", "find"
	}
	return sagaNames{
		DAG:    t + "DAG",
		Build:  "build" + upperFirst(t) + "DAG",
		Start:  start + upperFirst(t),
		Find:   find + upperFirst(t),
		Run:    t + "Run",
		Result: t + "Result",
	}
}

func actionConstant(a *Action) string { return "Action" + goName(a.Name) }
func actionFunc(a *Action) string     { return lowerFirst(goName(a.Name)) + "Action" }
func inputsType(a *Action) string     { return lowerFirst(goName(a.Name)) + "Inputs" }

// initialisms are written in capitals throughout.
var initialisms = map[string]bool{
	"api": true, "cpu": true, "db": true, "dns": true, "http": true, "https": true, "id": true,
	"ip": true, "json": true, "sql": true, "ssh": true, "tls": true, "uri": true, "url": true,
	"uuid": true, "vm": true,
}

// goName makes an exported Go name of the name of an action, a node or a parameter:
// "instance_id" becomes "InstanceID".
func goName(name string) string {
	var b strings.Builder
	for _, word := range strings.FieldsFunc(name, func(r rune) bool { return r == '_' || r == '-' }) {
		b.WriteString(capitalized(word))
	}
	if token.IsExported(b.String()) {
		return b.String()
	}
	return "X" + b.String() // of a parameter in a script without capitals
}

// fieldNames returns an exported Go name for each input, all different.
func fieldNames(inputs []*Input) map[*Input]string {
	fields := map[*Input]string{}
	taken := map[string]bool{}
	for _, in := range inputs {
		fields[in] = unique(goName(in.Name), func(s string) bool { return taken[s] })
		taken[fields[in]] = true
	}
	return fields
}

// unique returns name, or if that is taken the first of name2, name3, … that isn't.
func unique(name string, taken func(string) bool) string {
	candidate := name
	for n := 2; taken(candidate); n++ {
		candidate = name + strconv.Itoa(n)
	}
	return candidate
}

// capitalized makes a word the first or a further part of an exported name.
func capitalized(word string) string {
	if initialisms[strings.ToLower(word)] {
		return strings.ToUpper(word)
	}
	return upperFirst(word)
}

func upperFirst(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[size:]
}

// lowerFirst makes an exported name unexported: "HTTPClient" becomes "httpClient".
func lowerFirst(s string) string {
	runes := []rune(s)
	for i, r := range runes {
		if !unicode.IsUpper(r) || i > 0 && i+1 < len(runes) && unicode.IsLower(runes[i+1]) {
			break
		}
		runes[i] = unicode.ToLower(r)
	}
	return string(runes)
}
