package compat

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/sagagen/sagagen/internal/shape"
)

// sagas compares the sagas.
func (c *comparer) sagas() {
	found := map[*Saga]bool{}
	for _, f := range c.was.Files {
		for _, s := range f.Sagas {
			g, t := c.findSaga(f, s)
			if t == nil {
				c.add(Finding{Level: Care, Kind: "saga-removed", Pos: s.Pos, Saga: s.Name, Change: "it is gone",
					Why:    "Sagas in flight keep their DAG and go on, as long as their actions are there. The code has no Find for them any more.",
					Remedy: "Keep its actions until no saga in flight has them. Follow those in flight by their ids."})
				continue
			}
			found[t] = true
			c.saga(f, s, g, t)
		}
	}
	for _, f := range c.is.Files {
		for _, s := range f.Sagas {
			if !found[s] {
				c.add(Finding{Kind: "saga-added", Pos: s.Pos, Saga: s.Name, Change: "it is new", Why: "No saga in flight is one."})
			}
		}
	}
}

// findSaga returns what a saga of the older version is now, and its file: that of its name in the same package, or in the only
// package that has one; or that of its parameters.
func (c *comparer) findSaga(f *File, s *Saga) (*File, *Saga) {
	named := func(g *File, name string) *Saga {
		for _, t := range g.Sagas {
			if t.Name == name {
				return t
			}
		}
		return nil
	}
	here := c.is.in(f.Dir)
	if here != nil {
		if t := named(here, s.Name); t != nil {
			return here, t
		}
		for _, t := range here.Sagas {
			if was := c.was.in(f.Dir); t.DAG == s.DAG && named(was, t.Name) == nil {
				return here, t
			}
		}
	}
	var file *File
	var saga *Saga
	for _, g := range c.is.Files {
		if t := named(g, s.Name); t != nil && c.was.in(g.Dir) == nil {
			if saga != nil {
				return nil, nil
			}
			file, saga = g, t
		}
	}
	return file, saga
}

// saga compares a saga with what it is now.
func (c *comparer) saga(f *File, s *Saga, g *File, t *Saga) {
	if s.Name != t.Name {
		c.add(Finding{Level: Care, Kind: "saga-renamed", Pos: t.Pos, Saga: t.Name, Change: fmt.Sprintf("it was named %q", s.Name),
			Why: "Sagas in flight go on, under the old name: Find doesn't find them, and a key that is used again starts a second saga.",
			Remedy: "Keep the name if sagas are started with keys. Otherwise find those in flight with saga.Find and the old name, until " +
				"none is left."})
	}
	if was, is := paramsShape(c.was, f, s), paramsShape(c.is, g, t); s.Params != t.Params || was != is && was != "" && is != "" {
		c.add(Finding{Kind: "params", Pos: t.Pos, Saga: t.Name, Change: paramsChange(s.Params, t.Params),
			Why: "The parameters of sagas in flight are stored, and are read by the actions that take them, each of which is compared on its own.",
			Remedy: "To start a saga again with the key of one that was begun before is saga.ErrSagaExists if the parameters' JSON isn't the same " +
				"any more: find that one instead."})
	}
	if changes := c.dag(f, s, g, t); len(changes) > 0 {
		text := ""
		for _, change := range changes {
			text += "\n" + change
		}
		c.add(Finding{Kind: "dag", Pos: t.Pos, Saga: t.Name, Change: "its DAG has changed",
			Why: "Sagas in flight keep the DAG that they were begun with." + text,
			Remedy: "To start a saga again with the key of one that was begun before is saga.ErrSagaExists now, as its DAG is another: " +
				"find that one instead."})
	}
	c.result(f, s, g, t)
}

// paramsShape returns the shape of a saga's parameters, empty if no action is seen to take them.
func paramsShape(v *Version, f *File, s *Saga) string {
	for _, n := range s.Nodes {
		if a := v.actionOf(f, n.Action); n.Kind == NodeAction && a != nil {
			for _, b := range n.Bindings {
				if b.From == params {
					return a.Inputs[b.Input].Shape
				}
			}
		}
	}
	return ""
}

func paramsChange(was, is string) string {
	if was == is {
		return "its parameters, " + is + ", have changed"
	}
	return fmt.Sprintf("its parameters were %s, are %s", was, is)
}

// result tells which outputs of nodes can't be had of sagas in flight through the generated result.
func (c *comparer) result(f *File, s *Saga, g *File, t *Saga) {
	for _, n := range t.Nodes {
		typ, ok := t.Outputs[n.Name]
		if !ok {
			continue
		}
		old := s.node(n.Name)
		found := Finding{Level: Care, Kind: "result", Pos: n.Pos, Saga: t.Name, Node: n.Name,
			Why:    "Sagas in flight end as they would. But the generated Wait returns an error for those that succeed, or less than they have.",
			Remedy: "Read the outputs of those with saga.OutputOf, from what the coordinator's Wait returns."}
		if old == nil {
			found.Change = "the result has its output, and sagas in flight don't have the node"
			c.add(found)
			continue
		}
		if n.Kind == NodeAction && old.Kind == NodeAction && c.same(c.was.actionName(f, old), c.is.actionName(g, n)) {
			continue // what that gives is compared with the action
		}
		was, is := c.was.output(f, old), c.is.output(g, n)
		if m := shape.Fits(was, is).At("output"); m != nil {
			found.Change = m.Path + ": " + m.Reason
			c.add(found)
		} else if oldType := s.Outputs[n.Name]; typ != oldType && (was == "" || is == "") {
			found.Change = fmt.Sprintf("its output was a %s, is a %s, and what these look like isn't known here", cmp.Or(oldType, "none"), typ)
			c.add(found)
		}
	}
}

// dag lists what is different in the DAG of a saga.
func (c *comparer) dag(f *File, s *Saga, g *File, t *Saga) (changes []string) {
	key := [2]*Saga{s, t}
	if known, ok := c.dags[key]; ok {
		return known
	}
	defer func() { c.dags[key] = changes }()
	add := func(format string, args ...any) { changes = append(changes, fmt.Sprintf(format, args...)) }
	renamed := c.renamedNodes(f, s, g, t)
	for _, n := range s.Nodes {
		if t.node(n.Name) == nil && renamed[n.Name] == "" {
			add("node %q is gone", n.Name)
		}
	}
	for _, n := range t.Nodes {
		old := s.node(n.Name)
		if old != nil {
			changes = append(changes, c.node(f, s, old, g, t, n)...)
			continue
		}
		if i := slices.IndexFunc(s.Nodes, func(o *Node) bool { return renamed[o.Name] == n.Name }); i >= 0 {
			add("node %q was named %q; sagas in flight keep the old name, in their logs and in their keys for idempotency", n.Name, s.Nodes[i].Name)
			continue
		}
		add("node %q is new", n.Name)
	}
	if len(changes) == 0 && !slices.EqualFunc(s.Nodes, t.Nodes, func(a, b *Node) bool { return a.Name == b.Name }) {
		add("its nodes stand in another order")
	}
	return changes
}

// renamedNodes returns the new names of the nodes that seem to have one, by the old: where one node with
// an action is gone, and one with that action is new.
func (c *comparer) renamedNodes(f *File, s *Saga, g *File, t *Saga) map[string]string {
	gone, added := map[string][]string{}, map[string][]string{}
	for _, n := range s.Nodes {
		if n.Kind == NodeAction && t.node(n.Name) == nil {
			name := c.was.actionName(f, n)
			if c.now[name] != "" {
				name = c.now[name]
			}
			gone[name] = append(gone[name], n.Name)
		}
	}
	for _, n := range t.Nodes {
		if n.Kind == NodeAction && s.node(n.Name) == nil {
			name := c.is.actionName(g, n)
			added[name] = append(added[name], n.Name)
		}
	}
	renamed := map[string]string{}
	for action, names := range gone {
		if len(names) == 1 && len(added[action]) == 1 {
			renamed[names[0]] = added[action][0]
		}
	}
	return renamed
}

// node lists what is different in a node.
func (c *comparer) node(f *File, s *Saga, was *Node, g *File, t *Saga, is *Node) []string {
	var changes []string
	add := func(format string, args ...any) {
		changes = append(changes, fmt.Sprintf("node %q ", is.Name)+fmt.Sprintf(format, args...))
	}
	if was.Kind != is.Kind {
		add("was %s, is %s", c.what(c.was, f, was), c.what(c.is, g, is))
		return changes
	}
	switch is.Kind {
	case NodeAction:
		if a, b := c.was.actionName(f, was), c.is.actionName(g, is); a != b {
			add("ran the action %q, runs %q", a, b)
		}
		if was.Label != is.Label {
			add("had the label %q, has %q", was.Label, is.Label)
		}
		for _, b := range is.Bindings {
			if old, known := was.source(b.Input); !known {
				add("takes the input %q too, from %s", b.Input, sourceText(b.From))
			} else if old != b.From {
				add("took the input %q from %s, takes it from %s", b.Input, sourceText(old), sourceText(b.From))
			}
		}
		for _, b := range was.Bindings {
			if _, known := is.source(b.Input); !known {
				add("doesn't take the input %q any more", b.Input)
			}
		}
	case NodeConstant:
		if was.Value != is.Value {
			add("was the constant %s, is %s", was.Value, is.Value)
		}
	case NodeSubsaga:
		if was.ParamsFrom != is.ParamsFrom {
			add("took its parameters from node %q, takes them from %q", was.ParamsFrom, is.ParamsFrom)
		}
		oldFile, old := c.was.sagaOf(f, was.Subsaga)
		file, inner := c.is.sagaOf(g, is.Subsaga)
		switch {
		case old == nil || inner == nil:
			if was.Subsaga.String() != is.Subsaga.String() {
				add("had the DAG %s, has %s", was.Subsaga, is.Subsaga)
			}
		case old.Name != inner.Name:
			add("was the saga %q, is %q", old.Name, inner.Name)
		case len(c.dag(oldFile, old, file, inner)) > 0:
			add("is the saga %q, whose DAG has changed", inner.Name)
		}
	}
	if a, b := s.after(was), t.after(is); !slices.Equal(a, b) {
		add("ran after %s, runs after %s", a.text(), b.text())
	}
	return changes
}

// what says what a node is.
func (c *comparer) what(v *Version, f *File, n *Node) string {
	switch n.Kind {
	case NodeConstant:
		return "the constant " + n.Value
	case NodeSubsaga:
		return "the subsaga " + n.Subsaga.String()
	}
	return fmt.Sprintf("the action %q", v.actionName(f, n))
}

// source returns where an input of a node comes from.
func (n *Node) source(input string) (from string, known bool) {
	for _, b := range n.Bindings {
		if b.Input == input {
			return b.From, true
		}
	}
	return "", false
}

func sourceText(from string) string {
	if from == params {
		return "the parameters"
	}
	return fmt.Sprintf("node %q", from)
}

// nodeNames are names of nodes.
type nodeNames []string

func (names nodeNames) text() string {
	if len(names) == 0 {
		return "nothing"
	}
	return enumerate(names)
}

// after returns the nodes that a node runs directly after, sorted.
func (s *Saga) after(n *Node) nodeNames {
	var names nodeNames
	for _, i := range n.After {
		names = append(names, s.Nodes[i].Name)
	}
	slices.Sort(names)
	return names
}
