package check

import (
	"go/types"
	"maps"
	"slices"

	"github.com/sagagen/sagagen/gen/diag"
	"github.com/sagagen/sagagen/gen/internal/directive"
	"github.com/sagagen/sagagen/gen/internal/model"
	"github.com/sagagen/sagagen/gen/internal/naming"
	"github.com/sagagen/sagagen/internal/spelling"
)

// findSubsaga finds the saga that a subsaga node runs, if it is of an imported
// package. checkContainment finds the others.
func (c *checker) findSubsaga(n *nodeModel) {
	ref := n.definition.Dag
	if ref.Name == "" {
		n.unknown = true // it was reported
		return
	}
	if ref.Pkg == "" {
		return // the saga may be declared further down; see checkContainment
	}
	pos := n.definition.At(ref.Offset)
	from := c.importedChecker(n.saga.File, ref, pos)
	if from == nil {
		n.unknown = true
		return
	}
	n.inner = from.sagas[ref.Name]
	switch {
	case n.inner == nil:
		n.unknown = true
		c.reportUnknownSaga(n, from)
	case !c.checkImportedSaga(n.inner, from, ref, pos):
		n.unknown = true
	}
}

// reportUnknownSaga reports a subsaga node whose saga doesn't exist, unless
// that is the consequence of a directive that was reported.
func (c *checker) reportUnknownSaga(n *nodeModel, from *checker) {
	ref := n.definition.Dag
	if from.HasDropped("dag", ref.Name) {
		if from != c {
			c.reportBrokenPackage(from, n.definition.At(ref.Offset), "saga "+naming.Printable(ref.String()))
		}
		return
	}
	if !c.firstReport("saga", ref.String()) {
		return
	}
	names := slices.Sorted(maps.Keys(from.sagas))
	advice := "add //saga:dag " + ref.Name + " above its parameter type"
	closest, found := spelling.Closest(ref.Name, names)
	meant := directive.Reference{Pkg: ref.Pkg, Name: closest}.String()
	if found {
		advice = "did you mean " + naming.Printable(meant) + "?"
	} else if len(names) > 1 || len(names) == 1 && from != c {
		advice += ", or use one of " + naming.Enumerate(naming.Quoted(names), "and")
	}
	d := c.Report(diag.CodeUnknownSaga, n.definition.At(ref.Offset), "node %q of saga %q runs unknown saga %q; %s",
		n.Name, n.saga.name, ref.String(), advice)
	if found {
		d.Replace(n.definition.At(ref.Offset), ref.String(), meant)
	}
}

// checkContainment finds the sagas of this package that subsaga nodes run, and
// reports sagas that contain themselves.
func (c *checker) checkContainment() {
	for _, s := range c.sagaOrder {
		for _, n := range s.nodes {
			if n.Kind != model.NodeSubsaga || n.unknown || n.inner != nil {
				continue
			}
			if n.inner = c.sagas[n.definition.Dag.Name]; n.inner == nil {
				n.unknown = true
				c.reportUnknownSaga(n, c)
			}
		}
	}
	checked := map[*sagaModel]bool{}
	for _, s := range c.sagaOrder {
		c.reportSelfContainment(s, nil, checked)
	}
}

// reportSelfContainment reports the subsaga nodes through which a saga contains
// itself. path are the sagas around s; the sagas in checked have been searched.
func (c *checker) reportSelfContainment(s *sagaModel, path []*sagaModel, checked map[*sagaModel]bool) {
	if checked[s] {
		return
	}
	path = append(slices.Clone(path), s)
	for _, n := range s.nodes {
		if n.inner == nil || n.unknown {
			continue
		}
		if start := slices.Index(path, n.inner); start >= 0 {
			var names []string
			for _, w := range append(path[start:], n.inner) {
				names = append(names, w.name)
			}
			c.Report(diag.CodeSagaInItself, n.definition.At(n.definition.Dag.Offset),
				"saga %q contains itself: %s; a subsaga is part of its saga, so remove one of these subsagas",
				n.inner.name, joinPath(names))
			n.unknown = true
			continue
		}
		c.reportSelfContainment(n.inner, path, checked)
	}
	checked[s] = true
}

// resolveOutputs finds the output types of all nodes and sagas.
func (c *checker) resolveOutputs() {
	for _, s := range c.sagaOrder {
		c.resolveSaga(s)
	}
}

// resolveSaga finds the output types of the nodes of a saga, and of the saga.
func (c *checker) resolveSaga(s *sagaModel) {
	if s.resolved {
		return
	}
	s.resolved = true
	for _, n := range s.nodes {
		switch {
		case n.unknown:
		case n.Kind == model.NodeAction:
			n.Action, n.Output = n.action.model, n.action.do.output
		case n.Kind == model.NodeSubsaga:
			c.resolveSaga(n.inner)
			n.Subsaga, n.Output = n.inner.model, n.inner.model.Output
			n.unknown = n.inner.outputUnknown
		}
	}
	if s.outputUnknown {
		return
	}
	end := s.leaves()[0]
	s.model.Output = end.Output
	s.outputUnknown = end.unknown
	if end.unknown && c.isImported() {
		s.model.Output, s.outputUnknown = c.generatedOutput(s, end)
	}
}

// generatedOutput returns the output type of an imported saga according to its
// generated code. It is used if the action of the last node is not known:
// export data doesn't contain unexported functions. unknown is true if the
// generated code doesn't have the saga.
func (c *checker) generatedOutput(s *sagaModel, end *nodeModel) (output types.Type, unknown bool) {
	result, ok := c.Pkg.Scope().Lookup(s.Spec.Name.Name + "Result").(*types.TypeName)
	if !ok {
		return nil, true
	}
	accessor, _, _ := types.LookupFieldOrMethod(result.Type(), false, c.Pkg, naming.GoName(end.Name))
	if f, ok := accessor.(*types.Func); ok && f.Signature().Results().Len() == 1 {
		return f.Signature().Results().At(0).Type(), false
	}
	return nil, false
}

// bindSubsaga finds the node whose output is the parameters of a subsaga.
func (c *checker) bindSubsaga(n *nodeModel) {
	ref := n.definition.Params
	if ref.Name == "" || n.inner == nil || n.inner.model.Params == nil {
		return
	}
	pos := n.definition.At(ref.Offset)
	source := n.saga.node(ref.Name)
	if source == nil {
		c.reportUnknownNode(n, ref.Name, pos, "the parameters of node %q of saga %q come from unknown node %q; %s")
		return
	}
	want := n.inner.model.Params.Type()
	switch {
	case !n.ancestors[source]:
		n.saga.edgeMissing = true
		c.Report(diag.CodeSubsagaParams, pos,
			"the parameters of node %q of saga %q come from node %q, which isn't guaranteed to run before it; place %q above it",
			n.Name, n.saga.name, source.Name, source.Name)
	case source.unknown:
	case source.Output == nil:
		c.Report(diag.CodeSubsagaParams, pos,
			"the parameters of node %q of saga %q come from node %q, which has no output, but saga %q needs parameters of type %s",
			n.Name, n.saga.name, source.Name, n.inner.name, c.TypeString(want))
	case !types.Identical(source.Output, want):
		found, wanted := c.TypeStrings(source.Output, want)
		c.Report(diag.CodeSubsagaParams, pos,
			"the parameters of node %q of saga %q come from node %q, which provides type %s, but saga %q needs parameters of type %s",
			n.Name, n.saga.name, source.Name, found, n.inner.name, wanted)
	default:
		n.ParamsFrom = source.Node
	}
}
