package compat

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Compare returns what has changed from one version to another, the worst first. The aliases are those that the
// newer program registers: the names of its actions by the names that they had. What they tell can't be seen in
// generated files.
func Compare(was, is *Version, aliases map[string]string) ([]Finding, error) {
	for _, v := range []*Version{was, is} {
		if err := v.checkSubsagas(); err != nil {
			return nil, err
		}
	}
	c := &comparer{was: was, is: is, now: map[string]string{}, aliased: aliases, dags: map[[2]*Saga][]string{}}
	for _, old := range slices.Sorted(maps.Keys(aliases)) {
		if is.action(aliases[old]) == nil {
			return nil, fmt.Errorf("alias %q: no action is named %q", old, aliases[old])
		}
		if is.action(old) != nil {
			return nil, fmt.Errorf("alias %q: an action has that name", old)
		}
		c.now[old] = aliases[old]
	}
	for _, f := range was.Files {
		c.renamedPackage(f)
	}
	for _, f := range was.Files {
		for _, a := range f.Actions {
			c.action(f, a)
		}
	}
	for _, f := range is.Files {
		c.added(f)
	}
	c.sagas()
	sortFindings(c.findings)
	return c.findings, nil
}

// comparer compares two versions.
type comparer struct {
	was, is *Version
	// now has the names of actions by those that they had, where these differ.
	now map[string]string
	// aliased are those of them that the newer program registers under their old names too.
	aliased map[string]string
	// dags holds what dag returned for two sagas, as both may be the subsagas of many.
	dags     map[[2]*Saga][]string
	findings []Finding
}

func (c *comparer) add(f Finding) { c.findings = append(c.findings, f) }

// find returns the action that one of the older version is now, or nil.
func (c *comparer) find(name string) *Action {
	if a := c.is.action(name); a != nil {
		return a
	}
	return c.is.action(c.now[name])
}

// same reports whether an action of the older version is that one of the newer version now.
func (c *comparer) same(was, is string) bool { return was == is || c.now[was] == is && is != "" }

// renamedPackage notes that the actions of a package begin with another name than they did.
func (c *comparer) renamedPackage(f *File) {
	g := c.is.in(f.Dir)
	if g == nil || len(f.Actions) == 0 || len(g.Actions) == 0 || f.prefix() == g.prefix() {
		return
	}
	missing := []string{}
	for _, a := range f.Actions {
		name := g.prefix() + strings.TrimPrefix(a.Name, f.prefix())
		if c.is.action(a.Name) == nil && c.is.action(name) != nil && c.now[a.Name] == "" {
			c.now[a.Name] = name
			missing = append(missing, fmt.Sprintf("registry.Alias(%q, %q)", a.Name, name))
		}
	}
	if len(missing) > 0 {
		c.add(Finding{Level: Breaking, Kind: "package-renamed", Pos: g.Pos,
			Change: fmt.Sprintf("the actions are named %s* now, and were %s*", g.prefix(), f.prefix()),
			Why:    "Sagas in flight have the old names, and are parked.",
			Remedy: "Register the old names too, until no saga has them, and say so with -alias OLD=NEW:\n" + strings.Join(missing, "\n")})
	}
}

// action compares an action of the older version with what it is now.
func (c *comparer) action(f *File, a *Action) {
	b := c.find(a.Name)
	if b == nil {
		c.removed(f, a)
		return
	}
	if c.aliased[a.Name] != "" {
		c.add(Finding{Level: Care, Kind: "action-renamed", Pos: b.Pos, Action: b.Name,
			Change: fmt.Sprintf("it was named %q", a.Name),
			Why:    "Sagas in flight find it by its alias, if the program registers that.",
			Remedy: fmt.Sprintf("Keep registry.Alias(%q, %q) until no saga has the old name.", a.Name, b.Name)})
	}
	c.inputs(f, a, b)
	c.output(f, a, b)
	c.undo(f, a, b)
	c.policies(a, b)
}

// removed tells that there is no action of a name any more.
func (c *comparer) removed(f *File, a *Action) {
	found := Finding{Kind: "action-removed", Pos: a.Pos, Action: a.Name, Change: "it is gone",
		Why: "Sagas in flight that have it are parked", Remedy: "See that no saga in flight has it."}
	if users := c.users(a); len(users) > 0 {
		found.Why += ": " + enumerate(users)
		found.Remedy = "Take it out of the DAG, and keep its functions with their directives until no saga in flight has it."
	}
	found.Why += "."
	c.breaks(&found, f, a)
	if name := c.newName(f, a); name != "" {
		found.Remedy += fmt.Sprintf("\nIf %q is its new name, register the old one too, with registry.Alias(%q, %q), and say so with -alias %s=%s.",
			name, a.Name, name, a.Name, name)
	}
	c.add(found)
}

// breaks gives a finding its level, if it's breaking for sagas that have an action. If no saga of the older version has that,
// it isn't for these, but may be for older ones: so it is when an action is deleted a release after it was taken out of the DAG.
func (c *comparer) breaks(found *Finding, f *File, a *Action) {
	switch {
	case len(c.places(a)) > 0:
		found.Level = Breaking
	case len(f.Sagas) == 0 && !slices.ContainsFunc(c.was.Files, func(g *File) bool { return slices.Contains(g.Imports, f.ImportPath) }):
		found.Level = Breaking
		found.Why += " No package whose sagas have actions of this package was compared."
	default:
		found.Level = Care
		found.Why += " No saga of the base has this action, but those that were begun before the base may."
	}
}

// users lists the nodes of the older version that run an action.
func (c *comparer) users(a *Action) []string {
	var users []string
	for _, p := range c.places(a) {
		users = append(users, fmt.Sprintf("saga %q has it at node %q", p.saga.Name, p.node.Name))
	}
	return users
}

// place is a node of a saga.
type place struct {
	file *File
	saga *Saga
	node *Node
}

// places lists the nodes of the older version that run an action.
func (c *comparer) places(a *Action) []place {
	var list []place
	for _, f := range c.was.Files {
		for _, s := range f.Sagas {
			for _, n := range s.Nodes {
				if n.Kind == NodeAction && c.was.actionOf(f, n.Action) == a {
					list = append(list, place{f, s, n})
				}
			}
		}
	}
	return list
}

// newName returns the name of the one new action that takes and gives the same as one that is gone, or "".
func (c *comparer) newName(f *File, a *Action) string {
	g := c.is.in(f.Dir)
	if g == nil {
		return ""
	}
	same := func(x, y Data) bool { return x.Shape == y.Shape }
	name := ""
	for _, b := range g.Actions {
		if c.was.action(b.Name) != nil || b.Undo != a.Undo || !same(a.Output, b.Output) || !maps.EqualFunc(a.Inputs, b.Inputs, same) {
			continue
		}
		if name != "" {
			return ""
		}
		name = b.Name
	}
	return name
}

// added tells which actions are new.
func (c *comparer) added(f *File) {
	for _, a := range f.Actions {
		if c.was.action(a.Name) != nil {
			continue
		}
		if known := slices.Collect(maps.Values(c.now)); slices.Contains(known, a.Name) {
			continue
		}
		c.add(Finding{Kind: "action-added", Pos: a.Pos, Action: a.Name, Change: "it is new", Why: "No saga in flight has it."})
	}
}

// enumerate joins words as in "a, b and c", and leaves out what is more than a few.
func enumerate(words []string) string {
	const most = 5
	if len(words) > most {
		words = append(slices.Clone(words[:most-1]), fmt.Sprintf("%d more", len(words)-most+1))
	}
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}
