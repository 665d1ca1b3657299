// Package annotation finds the directives in the comments of a package, and the
// declarations that they belong to. It knows nothing of types. It reports
// mistakes in the text of directives, and directives in the wrong place.
package annotation

import (
	"go/ast"
	"go/token"
	"slices"

	"github.com/sagagen/sagagen/gen/diag"
	"github.com/sagagen/sagagen/gen/internal/directive"
	"github.com/sagagen/sagagen/gen/internal/naming"
	"github.com/sagagen/sagagen/gen/internal/report"
	"github.com/sagagen/sagagen/internal/spelling"
)

// Source is what the directives of a package say, before types are considered.
type Source struct {
	Funcs []*Func
	Types []*Type
	// Dropped are the directives that were reported and are not in Funcs or
	// Types. A mistake that may only be the consequence of one of them is not
	// reported.
	Dropped []directive.Directive
	// Files are the parsed files, whose imports resolve references.
	Files []*ast.File
}

// Directive is a directive with its position.
type Directive struct {
	directive.Directive
	slash token.Pos
	// missed says that the comment is almost a directive: it was reported, and
	// is read as the directive that it was probably meant to be.
	missed bool
}

// At returns the position of the byte at an offset in the comment.
func (d Directive) At(offset int) token.Pos { return d.slash + token.Pos(offset) }

// Func is a function or a method with its do or undo directive.
type Func struct {
	Directive
	Decl *ast.FuncDecl
	File *ast.File
}

// Type is a type with its dag directive and the directives that define the
// nodes.
type Type struct {
	Dag        Directive
	Directives []Directive // append, node, constant and subsaga, in their order
	// Incomplete says that some directives of the type were reported and
	// dropped.
	Incomplete bool
	Spec       *ast.TypeSpec
	File       *ast.File
}

// collector walks the declarations and comments of a package.
type collector struct {
	*report.Reporter
	Source
	claimed map[*ast.Comment]bool // those that stand in the doc of a function or a type
}

// Collect returns the directives in the parsed files of a package.
func Collect(r *report.Reporter, files []*ast.File) *Source {
	p := &collector{Reporter: r, claimed: map[*ast.Comment]bool{}}
	p.Files = files
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
	return &p.Source
}

func (p *collector) function(f *ast.File, decl *ast.FuncDecl) {
	var role *Directive
	for _, d := range p.doc(decl.Doc) {
		if d.Verb == "" || len(d.Names) == 0 {
			p.Drop(d.Directive)
			continue
		}
		if !directive.Specs[d.Verb].OnFunc {
			if !d.missed {
				p.Report(diag.CodeWrongDeclaration, d.slash, "//saga:%s belongs on the parameter type of a saga, but %s is a function; move it", d.Verb, decl.Name.Name)
			}
			p.Drop(d.Directive)
			continue
		}
		if role != nil {
			if role.Verb == d.Verb && role.Names[0].Name == d.Names[0].Name {
				p.Report(diag.CodeSecondRole, d.slash, "//saga:%s %s is repeated on %s; remove one", d.Verb, d.Names[0].Name, decl.Name.Name)
			} else {
				p.Report(diag.CodeSecondRole, d.slash, "%s is already the %s function of %q; to run it at another node, write name=action in the saga; for another action, write a function that calls this one",
					decl.Name.Name, role.Verb, role.Names[0].Name).Relate(role.slash, "the first one is here")
			}
			p.Drop(d.Directive)
			continue
		}
		role = &d
		p.Funcs = append(p.Funcs, &Func{Directive: d, Decl: decl, File: f})
	}
}

func (p *collector) typeDecl(f *ast.File, decl *ast.GenDecl) {
	if !decl.Lparen.IsValid() {
		p.typeSpec(f, decl.Specs[0].(*ast.TypeSpec), decl.Doc)
		return
	}
	for _, spec := range decl.Specs {
		p.typeSpec(f, spec.(*ast.TypeSpec), spec.(*ast.TypeSpec).Doc)
	}
	for i, d := range p.doc(decl.Doc) {
		if i == 0 {
			p.Report(diag.CodeTypeGroup, d.slash, "//saga:%s is on a group of types; move it into the parentheses, directly above the type that it describes", d.Verb)
		}
		p.Drop(d.Directive)
	}
}

func (p *collector) typeSpec(f *ast.File, spec *ast.TypeSpec, doc *ast.CommentGroup) {
	t := &Type{Spec: spec, File: f}
	found, ignored, dags := false, false, 0
	for _, d := range p.doc(doc) {
		switch {
		case d.Verb == "":
			p.Drop(d.Directive)
			t.Incomplete, dags = true, dags+1
		case directive.Specs[d.Verb].OnFunc:
			if !d.missed {
				p.Report(diag.CodeWrongDeclaration, d.slash, "//saga:%s belongs on a function or a method, but %s is a type; move it", d.Verb, spec.Name.Name)
			}
			p.Drop(d.Directive)
		case d.Verb == "dag":
			if dags++; dags > 1 {
				if t.Dag.Verb != "" {
					p.Report(diag.CodeSecondDAG, d.slash, "%s is already the parameter type of a saga; declare another type for this saga, as in type %sAgain %s",
						spec.Name.Name, spec.Name.Name, spec.Name.Name).Relate(t.Dag.slash, "the first one is here")
				}
				p.Drop(d.Directive)
				t.Incomplete = true
				ignored = true // what follows is the other saga's
				continue
			}
			if found = len(d.Names) > 0; found {
				t.Dag = d
			} else {
				p.Drop(d.Directive)
			}
		case ignored:
		default:
			t.Incomplete = t.Incomplete || d.Flawed
			if len(d.Names) > 0 {
				t.Directives = append(t.Directives, d)
			}
		}
	}
	switch {
	case found:
		p.Types = append(p.Types, t)
	case dags == 0 && len(t.Directives) > 0:
		d := t.Directives[0]
		p.Report(diag.CodeWithoutDAG, d.slash, "//saga:%s describes a node, but %s is not the parameter type of a saga; add //saga:dag NAME above it", d.Verb, spec.Name.Name)
		p.Drop(directive.Directive{Verb: "dag"})
	}
}

// doc parses the directives in the doc comment of a function or a type, and
// marks its comments as claimed.
func (p *collector) doc(group *ast.CommentGroup) []Directive {
	if group == nil {
		return nil
	}
	var list []Directive
	for _, c := range group.List {
		p.claimed[c] = true
		d, ok := p.comment(c)
		if ok {
			list = append(list, d)
		}
	}
	return list
}

// comment parses one comment and reports the mistakes in it. It returns false
// if the comment is not meant as a directive.
func (p *collector) comment(c *ast.Comment) (Directive, bool) {
	if d, mistakes, ok := directive.Parse(c.Text); ok {
		placed := Directive{Directive: d, slash: c.Slash}
		for _, m := range mistakes {
			reported := p.Report(m.Code, placed.At(m.Offset), "%s", m.Message)
			if m.Fix != nil {
				reported.Replace(placed.At(m.Fix.Offset), c.Text[m.Fix.Offset:m.Fix.Offset+m.Fix.Length], m.Fix.Text)
			}
		}
		return placed, true
	}
	if meant, ok := directive.NearMiss(c.Text); ok {
		advice := "write " + naming.Printable(meant)
		if meant == "" {
			advice = "the directives are " + naming.Enumerate(directive.Verbs, "and")
		}
		reported := p.Report(diag.CodeNearMiss, c.Slash, "%s looks like a directive but is malformed; %s", naming.Printable(directive.FirstLine(c.Text)), advice)
		if meant != "" && directive.FirstLine(c.Text) == c.Text {
			reported.Replace(c.Slash, c.Text, meant)
		}
		d, _, _ := directive.Parse(meant)
		return Directive{Directive: d, slash: c.Slash, missed: true}, true
	}
	return Directive{}, false
}

// Empty reports whether no function and no type is annotated.
func (s *Source) Empty() bool { return len(s.Funcs) == 0 && len(s.Types) == 0 }

// Drop notes a directive that was reported and is left out.
func (s *Source) Drop(d directive.Directive) { s.Dropped = append(s.Dropped, d) }

// HasDropped reports whether a dropped directive with that verb may be the one
// for name. An empty name stands for any.
func (s *Source) HasDropped(verb, name string) bool {
	return slices.ContainsFunc(s.Dropped, func(d directive.Directive) bool {
		return (d.Verb == verb || d.Verb == "") &&
			(name == "" || len(d.Names) == 0 || spelling.Alike(d.Names[0].Name, name))
	})
}

// HasDroppedNodes reports whether a directive was dropped that places or
// defines a node and belongs to no type: it may be meant for any saga.
func (s *Source) HasDroppedNodes() bool {
	return slices.ContainsFunc(s.Dropped, func(d directive.Directive) bool {
		return d.Verb == "" || d.Verb != "dag" && !directive.Specs[d.Verb].OnFunc
	})
}

// ReceiverName returns the name of a method's receiver type. It is empty for a
// function.
func ReceiverName(fn *ast.FuncDecl) string {
	if fn.Recv == nil || len(fn.Recv.List) == 0 {
		return ""
	}
	name := ""
	ast.Inspect(fn.Recv.List[0].Type, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && name == "" {
			name = id.Name // the first one; others are type parameters
		}
		return name == ""
	})
	return name
}
