package check

import (
	"fmt"
	"go/types"
	"slices"

	"github.com/sagagen/sagagen/gen/diag"
	"github.com/sagagen/sagagen/gen/internal/jsonshape"
	"github.com/sagagen/sagagen/gen/internal/model"
	"github.com/sagagen/sagagen/gen/internal/naming"
	"github.com/sagagen/sagagen/gen/internal/typeutil"
	"github.com/sagagen/sagagen/internal/spelling"
)

// bindInputs binds every input of every node, and checks the ends of the sagas.
func (c *checker) bindInputs() {
	for _, s := range c.sagaOrder {
		if !s.edgesBroken && s.model.Params != nil {
			for _, n := range s.nodes {
				switch {
				case n.unknown:
				case n.Kind == model.NodeAction:
					c.bindNode(n)
				case n.Kind == model.NodeSubsaga:
					c.bindSubsaga(n)
				}
			}
		}
		c.checkEnd(s)
	}
}

// bindNode binds the inputs of a node that runs an action.
func (c *checker) bindNode(n *nodeModel) {
	for _, in := range n.Action.Inputs {
		b := binder{checker: c, node: n, input: in, param: n.action.params[in]}
		if from, ok := b.bind(); ok {
			n.Bindings = append(n.Bindings, model.Binding{Input: in, From: from})
		}
	}
	if own := n.action.ownOutput; own != nil {
		c.checkOwnOutput(n, own)
	}
}

// checkOwnOutput reports a parameter of an undo function that counts as the own
// output, but could also be an input of this node: an ancestor has its name and
// type, or the saga's parameters have its type.
func (c *checker) checkOwnOutput(n *nodeModel, own *types.Var) {
	undo := n.action.undo
	wantName := naming.IdentOf(n.action.name)
	if types.Identical(own.Type(), n.saga.model.Params.Type()) {
		c.Report(diag.CodeOutputOrAncestor, n.pos(),
			"at node %q of saga %q, parameter %s of %s is ambiguous: the output of %q and the saga's parameters both have type %s; name it %q if it is the output",
			n.Name, n.saga.name, quotedName(own), undo.name(), n.action.name, c.TypeString(own.Type()), wantName)
		return
	}
	for _, a := range n.saga.nodes {
		if n.ancestors[a] && !a.unknown && a.Output != nil &&
			spelling.Alike(a.Name, own.Name()) && types.Identical(a.Output, own.Type()) {
			c.Report(diag.CodeOutputOrAncestor, n.pos(),
				"at node %q of saga %q, parameter %s of %s is ambiguous: the output of %q and that of node %q both have type %s; name it %q if it is the output of this action; if it is that of %q, add a parameter %q for the output of this action",
				n.Name, n.saga.name, quotedName(own), undo.name(), n.action.name, a.Name, c.TypeString(own.Type()),
				wantName, a.Name, wantName)
			return
		}
	}
}

// binder finds the source of one input of one node.
type binder struct {
	*checker
	node  *nodeModel
	input *model.Input
	param *types.Var // the parameter that the input was read from
}

// bind returns the node whose output is bound to the input, or nil for the
// saga's parameters. It returns false if there is no source. It reports that,
// unless it is the consequence of another mistake.
func (b *binder) bind() (*model.Node, bool) {
	if types.Identical(b.input.Type, b.node.saga.model.Params.Type()) {
		return nil, b.checkParamsBinding()
	}
	unknown := b.node.saga.Incomplete
	var ofType []*nodeModel
	for _, a := range b.node.saga.nodes {
		switch {
		case !b.node.ancestors[a]:
		case b.isNamesake(a) && a.unknown:
			return nil, false
		case b.isNamesake(a) && a.Output != nil:
			return b.bindNamesake(a)
		case a.unknown:
			unknown = true
		case a.Output != nil && types.Identical(a.Output, b.input.Type):
			ofType = append(ofType, a)
		}
	}
	switch {
	case len(ofType) == 1:
		return ofType[0].Node, true
	case len(ofType) > 1:
		b.reportAmbiguous(ofType)
	case !unknown:
		b.reportUnbound()
	}
	return nil, false
}

// isNamesake reports whether the input has a name that is alike the name of a.
func (b *binder) isNamesake(a *nodeModel) bool {
	return !unnamed(b.param) && spelling.Alike(a.Name, b.input.Name)
}

// checkParamsBinding checks an input that has the type of the saga's
// parameters. It returns false, and reports why, if an ancestor whose name is
// alike has an output of that type.
func (b *binder) checkParamsBinding() bool {
	for _, a := range b.node.saga.nodes {
		if b.node.ancestors[a] && b.isNamesake(a) && a.Output != nil && types.Identical(a.Output, b.input.Type) {
			b.mistake(diag.CodeSeveralSources,
				"has type %s, like the saga's parameters, and the name of node %q, whose output has the same type; rename the parameter, or declare a separate type for the output",
				b.TypeString(b.input.Type), a.Name)
			return false
		}
	}
	return true
}

// bindNamesake binds the input to the ancestor whose name is alike, or reports
// that the types differ.
func (b *binder) bindNamesake(a *nodeModel) (*model.Node, bool) {
	if canBind(a.Output, b.input.Type) {
		return a.Node, true
	}
	want, found := b.TypeStrings(b.input.Type, a.Output)
	b.mistake(diag.CodeSourceType,
		"has type %s, but the output of node %q has type %s; use that type or rename the parameter",
		want, a.Name, found)
	return nil, false
}

// canBind reports whether an output can be bound to an input of the same name:
// it has the input's type, or is assignable to it and has the same JSON.
func canBind(output, input types.Type) bool {
	if types.Identical(output, input) {
		return true
	}
	if types.IsInterface(input) || !types.AssignableTo(output, input) {
		return false
	}
	a, errA := jsonshape.Of(output)
	b, errB := jsonshape.Of(input)
	return errA == nil && errB == nil && a == b
}

// mistake reports a mistake in the binding of the input, at the node. It
// reports an input only at the first node of the saga.
func (b *binder) mistake(code diag.Code, format string, args ...any) {
	what := fmt.Sprintf("parameter %q of %s ", b.input.Name, b.functionName())
	if unnamed(b.param) {
		what = fmt.Sprintf("an unnamed parameter of %s ", b.functionName())
	}
	if b.node.saga.bindingReported[b.param] {
		return // at another node that runs the same action
	}
	b.node.saga.bindingReported[b.param] = true
	d := b.Report(code, b.node.pos(), "at node %q of saga %q, %s%s",
		b.node.Name, b.node.saga.name, what, fmt.Sprintf(format, args...))
	if b.node.Action.ImportPath == "" {
		d.Relate(b.param.Pos(), "the parameter is here")
	}
}

// functionName returns the name of the function that has the parameter.
func (b *binder) functionName() string {
	if undo := b.node.action.undo; undo != nil {
		for v := range undo.sig().Params().Variables() {
			if v == b.param {
				return undo.name()
			}
		}
	}
	return b.node.action.do.name()
}

// reportAmbiguous reports an input that several ancestors can provide.
func (b *binder) reportAmbiguous(candidates []*nodeModel) {
	code := diag.CodeSeveralSources
	if unnamed(b.param) {
		code = diag.CodeUnnamedInput
	}
	b.mistake(code, "has type %s, which %d ancestors provide: %s; name it after the intended one, as in %s",
		b.TypeString(b.input.Type), len(candidates), naming.Enumerate(naming.Quoted(nodeNames(candidates)), "and"),
		naming.IdentOf(candidates[0].Name))
}

// reportUnbound reports an input that has no source.
func (b *binder) reportUnbound() {
	code := diag.CodeNoSource
	if unnamed(b.param) {
		code = diag.CodeUnnamedInput
	}
	b.mistake(code, "has type %s, but no node or parameter provides it: %s", b.TypeString(b.input.Type), b.advice())
}

// advice returns the part of a message that explains why an input has no
// source, and what to do. It describes the most similar source, if there is
// one.
func (b *binder) advice() string {
	s := b.node.saga
	if params := s.model.Params.Type(); types.Identical(typeutil.Deref(b.input.Type), params) {
		return fmt.Sprintf("the saga's parameters have type %s; use that type", b.TypeString(params))
	}
	if undo := b.node.action.undo; undo != nil && b.functionName() == undo.name() && b.node.Output != nil &&
		(spelling.Alike(b.input.Name, b.node.action.name) ||
			types.Identical(typeutil.Deref(b.input.Type), typeutil.Deref(b.node.Output))) {
		return fmt.Sprintf("the do function returns %s; use that type", b.TypeString(b.node.Output))
	}
	var ancestors, names []string
	var notBefore []*nodeModel // have the type, but don't always run before
	for _, a := range s.nodes {
		namesake := spelling.Alike(a.Name, b.input.Name)
		sameType := a.Output != nil && types.Identical(a.Output, b.input.Type)
		switch {
		case a == b.node:
			if sameType {
				return "it is the node's own output, which only an undo function can take"
			}
		case !b.node.ancestors[a] && namesake:
			return b.advisePlacement(a)
		case !b.node.ancestors[a] && sameType:
			notBefore = append(notBefore, a)
		case !b.node.ancestors[a] || a.unknown:
		case a.Output == nil && namesake:
			return fmt.Sprintf("node %q has no output; make its action return (%s, error)",
				a.Name, b.TypeString(b.input.Type))
		case a.Output != nil:
			names = append(names, a.Name)
			ancestors = append(ancestors, fmt.Sprintf("%q (%s)", a.Name, b.TypeString(a.Output)))
			if types.Identical(typeutil.Deref(a.Output), typeutil.Deref(b.input.Type)) {
				return fmt.Sprintf("node %q provides %s; use that type", a.Name, b.TypeString(a.Output))
			}
		}
	}
	if len(notBefore) > 0 {
		return b.advisePlacement(notBefore...)
	}
	if closest, ok := spelling.Closest(b.input.Name, names); ok {
		return fmt.Sprintf("did you mean node %s?", ancestors[slices.Index(names, closest)])
	}
	params := fmt.Sprintf("the saga's parameters (%s)", b.TypeString(s.model.Params.Type()))
	proposal := "add a node before this one that returns it"
	if b.app == nil && b.mayBeApplication(b.input.Type) {
		proposal += "; if it is the application context, declare the actions as methods of it"
	}
	if len(ancestors) == 0 {
		return fmt.Sprintf("only %s are available; %s", params, proposal)
	}
	all := naming.Enumerate(append([]string{params}, ancestors...), "and")
	return fmt.Sprintf("%s are available; use one of them, or %s", all, proposal)
}

// mayBeApplication reports whether a type may be meant as the application
// context: whether it is a pointer to a named type of this package.
func (b *binder) mayBeApplication(t types.Type) bool {
	p, ok := types.Unalias(t).(*types.Pointer)
	if !ok {
		return false
	}
	named, ok := types.Unalias(p.Elem()).(*types.Named)
	return ok && named.Obj().Pkg() == b.Pkg
}

// advisePlacement is advice for an input that one of the nodes would provide,
// if it ran before. It marks the saga: a missing edge may be the reason why it
// ends in several nodes.
func (b *binder) advisePlacement(nodes ...*nodeModel) string {
	b.node.saga.edgeMissing = true
	subject, object := fmt.Sprintf("node %q isn't", nodes[0].Name), "it"
	if len(nodes) > 1 {
		subject, object = "none of "+naming.Enumerate(naming.Quoted(nodeNames(nodes)), "and")+" is", "one"
	}
	proposal := "place %s above %q"
	if b.node.directive.Verb == "node" {
		proposal = "add %s to after= of %q"
	}
	return fmt.Sprintf("%s guaranteed to run before it; "+proposal, subject, object, b.node.Name)
}
