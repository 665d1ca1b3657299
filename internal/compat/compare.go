package compat

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Compare returns the changes from the base to the current version, the most
// severe first. The aliases map the former names of actions to their current
// names. They are the aliases that the current program registers, which
// generated files don't show. Compare returns an error if an alias doesn't fit
// the current version, and a *ReadError if a saga contains itself.
func Compare(base, current *Version, aliases map[string]string) ([]Finding, error) {
	for _, v := range []*Version{base, current} {
		if err := v.checkSubsagas(); err != nil {
			return nil, err
		}
	}
	c := &comparer{
		base: base, current: current, renames: map[string]string{}, aliases: aliases, dags: map[[2]*Saga][]string{},
	}
	for _, old := range slices.Sorted(maps.Keys(aliases)) {
		if current.action(aliases[old]) == nil {
			return nil, fmt.Errorf("alias %q: no action is named %q", old, aliases[old])
		}
		if current.action(old) != nil {
			return nil, fmt.Errorf("alias %q: an action still has this name", old)
		}
		c.renames[old] = aliases[old]
	}
	for _, f := range base.Files {
		c.renamedPackage(f)
	}
	for _, f := range base.Files {
		for _, a := range f.Actions {
			c.action(f, a)
		}
	}
	for _, f := range current.Files {
		c.addedActions(f)
	}
	c.sagas()
	sortFindings(c.findings)
	return c.findings, nil
}

// comparer compares two versions.
type comparer struct {
	base, current *Version
	// renames maps former names of actions to their current names.
	renames map[string]string
	// aliases are the renames for which the current program registers an alias.
	aliases map[string]string
	// dags caches the results of dagChanges, because a pair of sagas may be a
	// subsaga of many others.
	dags     map[[2]*Saga][]string
	findings []Finding
}

func (c *comparer) add(f Finding) { c.findings = append(c.findings, f) }

// findAction returns the current version of an action of the base, or nil.
func (c *comparer) findAction(name string) *Action {
	if a := c.current.action(name); a != nil {
		return a
	}
	return c.current.action(c.renames[name])
}

// isSameAction reports whether two names in the base and the current version
// name the same action.
func (c *comparer) isSameAction(base, current string) bool {
	return base == current || c.renames[base] == current && current != ""
}

// renamedPackage reports that the prefix of a package's action names has
// changed, and records the renames of its actions.
func (c *comparer) renamedPackage(f *File) {
	g := c.current.file(f.Dir)
	if g == nil || len(f.Actions) == 0 || len(g.Actions) == 0 || f.prefix() == g.prefix() {
		return
	}
	missing := []string{}
	for _, a := range f.Actions {
		name := g.prefix() + strings.TrimPrefix(a.Name, f.prefix())
		if c.current.action(a.Name) == nil && c.current.action(name) != nil && c.renames[a.Name] == "" {
			c.renames[a.Name] = name
			missing = append(missing, fmt.Sprintf("registry.Alias(%q, %q)", a.Name, name))
		}
	}
	if len(missing) > 0 {
		c.add(Finding{
			Level: Breaking, Kind: "package-renamed", Pos: g.Pos,
			Change: fmt.Sprintf("the names of actions were %s*, are %s*", f.prefix(), g.prefix()),
			Why:    "Sagas in flight use the old names, so they are parked.",
			Remedy: "Register aliases until no saga in flight uses the old names, " +
				"and pass them with -alias OLD=NEW:\n" + strings.Join(missing, "\n"),
		})
	}
}

// action compares an action of the base with its current version.
func (c *comparer) action(f *File, a *Action) {
	b := c.findAction(a.Name)
	if b == nil {
		c.removedAction(f, a)
		return
	}
	if c.aliases[a.Name] != "" {
		c.add(Finding{
			Level: Caution, Kind: "action-renamed", Pos: b.Pos, Action: b.Name,
			Change: fmt.Sprintf("renamed from %q", a.Name),
			Why:    "Sagas in flight find the action only if the program registers its alias.",
			Remedy: fmt.Sprintf("Keep registry.Alias(%q, %q) until no saga in flight uses the old name.",
				a.Name, b.Name),
		})
	}
	c.inputs(f, a, b)
	c.output(f, a, b)
	c.undo(f, a, b)
	c.policies(a, b)
}

// removedAction reports that an action of the base is gone.
func (c *comparer) removedAction(f *File, a *Action) {
	found := Finding{
		Kind: "action-removed", Pos: a.Pos, Action: a.Name, Change: "removed",
		Why:    "Sagas in flight that use the action are parked",
		Remedy: "Make sure that no saga in flight uses it.",
	}
	if users := c.users(a); len(users) > 0 {
		found.Why += ": " + enumerate(users)
		found.Remedy = "Remove the action only from the DAG. " +
			"Keep its functions and their directives until no saga in flight uses it."
	}
	found.Why += "."
	c.setBreaking(&found, f, a)
	if name := c.guessNewName(f, a); name != "" {
		found.Remedy += fmt.Sprintf("\nIf its new name is %q, register the old name with registry.Alias(%q, %q), "+
			"and pass -alias %s=%s.", name, a.Name, name, a.Name, name)
	}
	c.add(found)
}

// setBreaking sets the level of a change that breaks sagas that use an action.
//
// If no saga of the base uses the action, the change is no danger to sagas of
// the base, but may be one to older sagas. So the level is Caution when an
// action is deleted one release after its removal from the DAG. This doesn't
// hold if none of the compared files could have used the action.
func (c *comparer) setBreaking(found *Finding, f *File, a *Action) {
	importsAction := func(g *File) bool { return slices.Contains(g.Imports, f.ImportPath) }
	switch {
	case len(c.uses(a)) > 0:
		found.Level = Breaking
	case len(f.Sagas) == 0 && !slices.ContainsFunc(c.base.Files, importsAction):
		found.Level = Breaking
		found.Why += " The compared packages have no saga that could use actions of this package."
	default:
		found.Level = Caution
		found.Why += " No saga of the base uses this action, but sagas that started before the base may use it."
	}
}

// users describes the nodes of the base that run an action.
func (c *comparer) users(a *Action) []string {
	var users []string
	for _, u := range c.uses(a) {
		users = append(users, fmt.Sprintf("saga %q uses it at node %q", u.saga.Name, u.node.Name))
	}
	return users
}

// use is a node that runs an action.
type use struct {
	file *File
	saga *Saga
	node *Node
}

// uses lists the nodes of the base that run an action.
func (c *comparer) uses(a *Action) []use {
	var list []use
	for _, f := range c.base.Files {
		for _, s := range f.Sagas {
			for _, n := range s.Nodes {
				if n.Kind == NodeAction && c.base.actionOf(f, n.Action) == a {
					list = append(list, use{f, s, n})
				}
			}
		}
	}
	return list
}

// guessNewName returns the name of the only added action with the same inputs,
// output and undo as a removed action, or "".
func (c *comparer) guessNewName(f *File, a *Action) string {
	g := c.current.file(f.Dir)
	if g == nil {
		return ""
	}
	sameShape := func(x, y Data) bool { return x.Shape == y.Shape }
	name := ""
	for _, b := range g.Actions {
		if c.base.action(b.Name) != nil || b.Undo != a.Undo ||
			!sameShape(a.Output, b.Output) || !maps.EqualFunc(a.Inputs, b.Inputs, sameShape) {
			continue
		}
		if name != "" {
			return ""
		}
		name = b.Name
	}
	return name
}

// addedActions reports the actions of a file that the base doesn't have.
func (c *comparer) addedActions(f *File) {
	for _, a := range f.Actions {
		if c.base.action(a.Name) != nil {
			continue
		}
		if known := slices.Collect(maps.Values(c.renames)); slices.Contains(known, a.Name) {
			continue
		}
		c.add(Finding{
			Kind: "action-added", Pos: a.Pos, Action: a.Name, Change: "added", Why: "No saga in flight uses it.",
		})
	}
}

// enumerate joins words as in "a, b and c". It shortens long lists.
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
