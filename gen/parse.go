package gen

import (
	"go/ast"
	"go/token"
	"slices"
)

// source is what the comments of a package say, before a look at types.
type source struct {
	funcs []*annotatedFunc
	types []*annotatedType
	// lost are the directives that were reported and are not among the above. Nothing is
	// reported that is only their consequence.
	lost []directive
	// files are the parsed files, for the imports that references go through.
	files []*ast.File
}

// placedDirective is a directive in a file.
type placedDirective struct {
	directive
	slash token.Pos
	// missed says that it is a near miss, which was reported and is read as what is meant.
	missed bool
}

// at returns the position of a byte of the directive.
func (d placedDirective) at(offset int) token.Pos { return d.slash + token.Pos(offset) }

// annotatedFunc is a function or a method with the directive that says what it is.
type annotatedFunc struct {
	placedDirective
	decl *ast.FuncDecl
	file *ast.File
}

// annotatedType is a type with a dag directive and those that place its nodes.
type annotatedType struct {
	dag        placedDirective
	directives []placedDirective // append, node, constant and subsaga, in their order
	// incomplete says that some of its directives were reported and aren't in directives.
	incomplete bool
	spec       *ast.TypeSpec
	file       *ast.File
}

// sourceParser reads the comments of a package.
type sourceParser struct {
	*reporter
	source
	claimed map[*ast.Comment]bool // those that stand in the doc of a function or a type
}

// parseSource reads the directives in the files of a package, which are parsed already.
func parseSource(r *reporter, files []*ast.File) *source {
	p := &sourceParser{reporter: r, claimed: map[*ast.Comment]bool{}}
	p.files = files
	for _, f := range files {
		for _, decl := range f.Decls {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				p.function(f, decl)
			case *ast.GenDecl:
				if decl.Tok == token.TYPE {
					p.typeDecl(f, decl)
				}
			}
		}
		p.unclaimed(f)
	}
	return &p.source
}

func (p *sourceParser) function(f *ast.File, decl *ast.FuncDecl) {
	var role *placedDirective
	for _, d := range p.doc(decl.Doc) {
		if d.verb == "" || len(d.names) == 0 {
			p.lose(d.directive)
			continue
		}
		if !forms[d.verb].onFunc {
			if !d.missed {
				p.report(CodeWrongDeclaration, d.slash, "//saga:%s describes a saga and stands on its parameter type, but %s is a function", d.verb, decl.Name.Name)
			}
			p.lose(d.directive)
			continue
		}
		if role != nil {
			if role.verb == d.verb && role.names[0].name == d.names[0].name {
				p.report(CodeSecondRole, d.slash, "//saga:%s %s stands twice on %s; leave one out", d.verb, d.names[0].name, decl.Name.Name)
			} else {
				p.report(CodeSecondRole, d.slash, "%s is already the %s of %q, and a function is one of one action; for a further node write name=action in the saga, for a further action write a function that calls this one",
					decl.Name.Name, role.verb, role.names[0].name).relate(role.slash, "the first is here")
			}
			p.lose(d.directive)
			continue
		}
		role = &d
		p.funcs = append(p.funcs, &annotatedFunc{placedDirective: d, decl: decl, file: f})
	}
}

func (p *sourceParser) typeDecl(f *ast.File, decl *ast.GenDecl) {
	if !decl.Lparen.IsValid() {
		for _, spec := range decl.Specs {
			p.typeSpec(f, spec.(*ast.TypeSpec), decl.Doc)
		}
		return
	}
	for _, spec := range decl.Specs {
		p.typeSpec(f, spec.(*ast.TypeSpec), spec.(*ast.TypeSpec).Doc)
	}
	group := p.doc(decl.Doc)
	for i, d := range group {
		if i == 0 {
			p.report(CodeTypeGroup, d.slash, "//saga:%s stands on a group of types; put it into the parentheses, right above the type that it describes", d.verb)
		}
		p.lose(d.directive)
	}
}

func (p *sourceParser) typeSpec(f *ast.File, spec *ast.TypeSpec, doc *ast.CommentGroup) {
	t := &annotatedType{spec: spec, file: f}
	found, ignored, dags := false, false, 0
	for _, d := range p.doc(doc) {
		switch {
		case d.verb == "":
			p.lose(d.directive)
			t.incomplete, dags = true, dags+1
		case forms[d.verb].onFunc:
			if !d.missed {
				p.report(CodeWrongDeclaration, d.slash, "//saga:%s stands on a function or a method, but %s is a type", d.verb, spec.Name.Name)
			}
			p.lose(d.directive)
		case d.verb == "dag":
			if dags++; dags > 1 {
				if t.dag.verb != "" {
					p.report(CodeSecondDAG, d.slash, "%s is already the parameters of a saga, and a type is those of one; declare a type of its own, as in type %sAgain %s",
						spec.Name.Name, spec.Name.Name, spec.Name.Name).relate(t.dag.slash, "the first is here")
				}
				p.lose(d.directive)
				t.incomplete = true
				ignored = true // what follows is the other saga's
				continue
			}
			if found = len(d.names) > 0; found {
				t.dag = d
			} else {
				p.lose(d.directive)
			}
		case ignored:
		default:
			t.incomplete = t.incomplete || d.flawed
			if len(d.names) > 0 {
				t.directives = append(t.directives, d)
			}
		}
	}
	switch {
	case found:
		p.types = append(p.types, t)
	case dags == 0 && len(t.directives) > 0:
		d := t.directives[0]
		p.report(CodeWithoutDAG, d.slash, "//saga:%s describes a node, but %s is no saga's parameters; add //saga:dag NAME above it", d.verb, spec.Name.Name)
		p.lose(directive{verb: "dag"})
	}
}

// doc reads and claims the comments of the doc of a function or a type.
func (p *sourceParser) doc(group *ast.CommentGroup) []placedDirective {
	if group == nil {
		return nil
	}
	var list []placedDirective
	for _, c := range group.List {
		p.claimed[c] = true
		d, ok := p.comment(c)
		if ok {
			list = append(list, d)
		}
	}
	return list
}

// comment reads one comment and reports what is wrong in it.
func (p *sourceParser) comment(c *ast.Comment) (placedDirective, bool) {
	if d, mistakes, ok := parseDirective(c.Text); ok {
		placed := placedDirective{directive: d, slash: c.Slash}
		for _, m := range mistakes {
			reported := p.report(m.code, placed.at(m.offset), "%s", m.message)
			if m.fix != nil {
				reported.replace(placed.at(m.fix.offset), c.Text[m.fix.offset:m.fix.offset+m.fix.length], m.fix.text)
			}
		}
		return placed, true
	}
	if meant, ok := nearMiss(c.Text); ok {
		advice := "write " + printable(meant)
		if meant == "" {
			advice = "there are " + enumerate(verbs, "and")
		}
		reported := p.report(CodeNearMiss, c.Slash, "%s is no directive, as it isn't written like one; %s", printable(firstLine(c.Text)), advice)
		if meant != "" && firstLine(c.Text) == c.Text {
			reported.replace(c.Slash, c.Text, meant)
		}
		d, _, _ := parseDirective(meant)
		return placedDirective{directive: d, slash: c.Slash, missed: true}, true
	}
	return placedDirective{}, false
}

// empty reports whether nothing is annotated.
func (s *source) empty() bool { return len(s.funcs) == 0 && len(s.types) == 0 }

// lose keeps a directive that was reported and is left out.
func (s *source) lose(d directive) { s.lost = append(s.lost, d) }

// hasLost reports whether a directive of that verb that was reported might be the one
// for name. An empty name stands for any.
func (s *source) hasLost(verb, name string) bool {
	return slices.ContainsFunc(s.lost, func(d directive) bool {
		return (d.verb == verb || d.verb == "") &&
			(name == "" || len(d.names) == 0 || alike(d.names[0].name, name))
	})
}

// hasLostNodes reports whether a directive that places or defines a node was reported
// and belongs to no type, so that it could be any saga's.
func (s *source) hasLostNodes() bool {
	return slices.ContainsFunc(s.lost, func(d directive) bool {
		return d.verb == "" || d.verb != "dag" && !forms[d.verb].onFunc
	})
}
