package compat

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/sagagen/sagagen/internal/shape"
)

// findSagaRemedy is what a program does that starts sagas with idempotency keys
// if the DAG or the parameters have changed.
const findSagaRemedy = "find the earlier saga instead of starting it again."

// declared is a saga and the file that declares it.
type declared struct {
	file *File
	*Saga
}

func (c *comparer) sagas() {
	found := map[*Saga]bool{}
	for _, f := range c.base.Files {
		for _, s := range f.Sagas {
			old := declared{f, s}
			current := c.findSaga(old)
			if current.Saga == nil {
				c.add(Finding{
					Level: Caution, Kind: "saga-removed", Pos: s.Pos, Saga: s.Name, Change: "removed",
					Why: "Sagas in flight keep their DAG and continue while their actions exist. " +
						"The generated code can't find them anymore.",
					Remedy: "Keep the actions until no saga in flight uses them. Look up sagas in flight by their IDs.",
				})
				continue
			}
			found[current.Saga] = true
			c.saga(old, current)
		}
	}
	for _, f := range c.current.Files {
		for _, s := range f.Sagas {
			if !found[s] {
				c.add(Finding{
					Kind: "saga-added", Pos: s.Pos, Saga: s.Name, Change: "added",
					Why: "No saga in flight has this name.",
				})
			}
		}
	}
}

// findSaga returns the current version of a saga of the base. It is, in this
// order, the saga in the same package that has its name, or its DAG function if
// no saga of the base has the new name; or the saga with its name in the only
// added package that has one. The result is zero if there is none.
func (c *comparer) findSaga(old declared) declared {
	named := func(f *File, name string) *Saga {
		for _, s := range f.Sagas {
			if s.Name == name {
				return s
			}
		}
		return nil
	}
	if samePackage := c.current.file(old.file.Dir); samePackage != nil {
		if s := named(samePackage, old.Name); s != nil {
			return declared{samePackage, s}
		}
		for _, s := range samePackage.Sagas {
			if s.DAG == old.DAG && named(old.file, s.Name) == nil {
				return declared{samePackage, s}
			}
		}
	}
	var moved declared
	for _, f := range c.current.Files {
		if s := named(f, old.Name); s != nil && c.base.file(f.Dir) == nil {
			if moved.Saga != nil {
				return declared{}
			}
			moved = declared{f, s}
		}
	}
	return moved
}

// saga compares a saga of the base with its current version.
func (c *comparer) saga(old, current declared) {
	if old.Name != current.Name {
		c.add(Finding{
			Level: Caution, Kind: "saga-renamed", Pos: current.Pos, Saga: current.Name,
			Change: fmt.Sprintf("renamed from %q", old.Name),
			Why: "Sagas in flight continue under the old name. The generated code can't find them, " +
				"and reusing an idempotency key starts a second saga.",
			Remedy: "Keep the name if sagas are started with idempotency keys. " +
				"Otherwise look up sagas in flight with saga.Find and the old name until none are left.",
		})
	}
	before, after := paramsShape(c.base, old), paramsShape(c.current, current)
	if old.Params != current.Params || before != after && before != "" && after != "" {
		c.add(Finding{
			Kind: "params", Pos: current.Pos, Saga: current.Name, Change: paramsChange(old.Params, current.Params),
			Why: "Sagas in flight keep their stored parameters. " +
				"The changed inputs of actions that read them are reported separately.",
			Remedy: "Starting a saga with the idempotency key of an earlier saga returns saga.ErrSagaExists " +
				"if the JSON of the parameters differs: " + findSagaRemedy,
		})
	}
	if changes := c.dagChanges(old, current); len(changes) > 0 {
		c.add(Finding{
			Kind: "dag", Pos: current.Pos, Saga: current.Name, Change: "DAG changed",
			Why: "Sagas in flight keep the DAG that they started with.\n" + strings.Join(changes, "\n"),
			Remedy: "Starting a saga with the idempotency key of an earlier saga returns saga.ErrSagaExists, " +
				"because its DAG differs: " + findSagaRemedy,
		})
	}
	c.result(old, current)
}

// paramsShape returns the shape of a saga's parameters, or "" if no known
// action takes them.
func paramsShape(v *Version, s declared) string {
	for _, n := range s.Nodes {
		if a := v.actionOf(s.file, n.Action); n.Kind == NodeAction && a != nil {
			for _, b := range n.Bindings {
				if b.From == params {
					return a.Inputs[b.Input].Shape
				}
			}
		}
	}
	return ""
}

func paramsChange(before, after string) string {
	if before == after {
		return "parameters changed: the fields of " + after + " differ"
	}
	return fmt.Sprintf("parameters changed: were %s, are %s", before, after)
}

// result reports the outputs that the generated result of a saga doesn't have
// for sagas in flight.
func (c *comparer) result(old, current declared) {
	for _, n := range current.Nodes {
		after, ok := current.Outputs[n.Name]
		if !ok {
			continue
		}
		oldNode := old.node(n.Name)
		found := Finding{
			Level: Caution, Kind: "result", Pos: n.Pos, Saga: current.Name, Node: n.Name,
			Why: "Sagas in flight run as before. If they succeed, " +
				"the generated Wait returns an error or lacks some of their outputs.",
			Remedy: "Read their outputs with saga.OutputOf from the result of the coordinator's Wait.",
		}
		if oldNode == nil {
			found.Change = "the result includes the output of this node, which sagas in flight don't have"
			c.add(found)
			continue
		}
		if n.Kind == NodeAction && oldNode.Kind == NodeAction &&
			c.isSameAction(c.base.actionName(old.file, oldNode), c.current.actionName(current.file, n)) {
			continue // The outputs of the action are compared separately.
		}
		beforeShape, afterShape := c.base.output(old.file, oldNode), c.current.output(current.file, n)
		if m := shape.Fits(beforeShape, afterShape).At("output"); m != nil {
			found.Change = m.Path + ": " + m.Reason
			c.add(found)
		} else if before := old.Outputs[n.Name]; after != before && (beforeShape == "" || afterShape == "") {
			found.Change = fmt.Sprintf("output type was %s, is %s, and their shapes aren't known",
				cmp.Or(before, "none"), after)
			c.add(found)
		}
	}
}

// dagChanges lists the changes in the DAG of a saga.
func (c *comparer) dagChanges(old, current declared) (changes []string) {
	key := [2]*Saga{old.Saga, current.Saga}
	if known, ok := c.dags[key]; ok {
		return known
	}
	defer func() { c.dags[key] = changes }()
	add := func(format string, args ...any) { changes = append(changes, fmt.Sprintf(format, args...)) }
	renamed := c.renamedNodes(old, current)
	for _, n := range old.Nodes {
		if current.node(n.Name) == nil && renamed[n.Name] == "" {
			add("node %q: removed", n.Name)
		}
	}
	for _, n := range current.Nodes {
		if oldNode := old.node(n.Name); oldNode != nil {
			changes = append(changes, c.nodeChanges(old, oldNode, current, n)...)
			continue
		}
		if i := slices.IndexFunc(old.Nodes, func(o *Node) bool { return renamed[o.Name] == n.Name }); i >= 0 {
			add("node %q: renamed from %q; sagas in flight keep the old name in their logs and idempotency keys",
				n.Name, old.Nodes[i].Name)
			continue
		}
		add("node %q: added", n.Name)
	}
	sameName := func(a, b *Node) bool { return a.Name == b.Name }
	if len(changes) == 0 && !slices.EqualFunc(old.Nodes, current.Nodes, sameName) {
		add("the order of the nodes changed")
	}
	return changes
}

// renamedNodes maps the old names of nodes to their new names. A node counts as
// renamed if it is the only removed node of its action and exactly one node of
// that action was added.
func (c *comparer) renamedNodes(old, current declared) map[string]string {
	removed, added := map[string][]string{}, map[string][]string{}
	for _, n := range old.Nodes {
		if n.Kind == NodeAction && current.node(n.Name) == nil {
			action := c.base.actionName(old.file, n)
			action = cmp.Or(c.renames[action], action)
			removed[action] = append(removed[action], n.Name)
		}
	}
	for _, n := range current.Nodes {
		if n.Kind == NodeAction && old.node(n.Name) == nil {
			action := c.current.actionName(current.file, n)
			added[action] = append(added[action], n.Name)
		}
	}
	renamed := map[string]string{}
	for action, names := range removed {
		if len(names) == 1 && len(added[action]) == 1 {
			renamed[names[0]] = added[action][0]
		}
	}
	return renamed
}

// nodeChanges lists the changes in a node.
func (c *comparer) nodeChanges(old declared, before *Node, current declared, after *Node) []string {
	var changes []string
	add := func(format string, args ...any) {
		changes = append(changes, fmt.Sprintf("node %q: ", after.Name)+fmt.Sprintf(format, args...))
	}
	if before.Kind != after.Kind {
		add("was %s, is %s", describe(c.base, old.file, before), describe(c.current, current.file, after))
		return changes
	}
	switch after.Kind {
	case NodeAction:
		oldAction, action := c.base.actionName(old.file, before), c.current.actionName(current.file, after)
		if oldAction != action {
			add("action was %q, is %q", oldAction, action)
		}
		if before.Label != after.Label {
			add("label was %q, is %q", before.Label, after.Label)
		}
		for _, b := range after.Bindings {
			if from, known := before.source(b.Input); !known {
				add("input %q added, from %s", b.Input, sourceText(b.From))
			} else if from != b.From {
				add("input %q was from %s, is from %s", b.Input, sourceText(from), sourceText(b.From))
			}
		}
		for _, b := range before.Bindings {
			if _, known := after.source(b.Input); !known {
				add("input %q removed", b.Input)
			}
		}
	case NodeConstant:
		if before.Value != after.Value {
			add("constant was %s, is %s", before.Value, after.Value)
		}
	case NodeSubsaga:
		if before.ParamsFrom != after.ParamsFrom {
			add("parameters were from node %q, are from node %q", before.ParamsFrom, after.ParamsFrom)
		}
		oldInner, inner := c.base.sagaOf(old.file, before.Subsaga), c.current.sagaOf(current.file, after.Subsaga)
		switch {
		case oldInner.Saga == nil || inner.Saga == nil:
			if before.Subsaga.String() != after.Subsaga.String() {
				add("DAG was %s, is %s", before.Subsaga, after.Subsaga)
			}
		case oldInner.Name != inner.Name:
			add("subsaga was %q, is %q", oldInner.Name, inner.Name)
		case len(c.dagChanges(oldInner, inner)) > 0:
			add("DAG of subsaga %q changed", inner.Name)
		}
	}
	if a, b := old.after(before), current.after(after); !slices.Equal(a, b) {
		add("ran after %s, runs after %s", a.text(), b.text())
	}
	return changes
}

// describe names a node's kind and what it runs.
func describe(v *Version, f *File, n *Node) string {
	switch n.Kind {
	case NodeConstant:
		return "the constant " + n.Value
	case NodeSubsaga:
		return "the subsaga " + n.Subsaga.String()
	}
	return fmt.Sprintf("the action %q", v.actionName(f, n))
}

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
		return "no node"
	}
	return enumerate(names)
}

// after returns the sorted names of the nodes that n runs directly after.
func (s *Saga) after(n *Node) nodeNames {
	var names nodeNames
	for _, i := range n.After {
		names = append(names, s.Nodes[i].Name)
	}
	slices.Sort(names)
	return names
}
