package gen

import (
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// actionModel is an action while its model is built.
type actionModel struct {
	name     string
	do, undo *function
	model    *Action
	// broken says that what its inputs or its output are can't be known.
	broken bool
	// ownOutput is the parameter of undo that takes the output, if its name isn't the action's.
	ownOutput *types.Var
	// params are the parameters that its inputs were read from.
	params map[*Input]*types.Var
}

func (a *actionModel) sortKey() string { return a.name }
func (s *sagaModel) sortKey() string   { return s.name }

// sortedByName returns the values of a map, sorted by their names.
func sortedByName[T interface{ sortKey() string }](byName map[string]T) []T {
	list := make([]T, 0, len(byName))
	for _, v := range byName {
		list = append(list, v)
	}
	slices.SortFunc(list, func(a, b T) int { return strings.Compare(a.sortKey(), b.sortKey()) })
	return list
}

// pairActions makes actions of do and undo functions.
func (m *modeler) pairActions() {
	var folded = map[string]*actionModel{}
	for _, f := range m.functions {
		if !f.isDo() {
			continue
		}
		name := f.nameArg().name
		if first := m.actions[name]; first != nil {
			m.report(CodeDuplicateDo, f.namePos(), "action %q already has a do, %s; an action has one", name, first.do.name()).
				relate(first.do.namePos(), "the first is here")
			first.broken = true
			m.lose(directive{verb: "do"}) // perhaps meant as that of another action
			continue
		}
		a := &actionModel{name: name, do: f, broken: f.broken || m.appBroken, params: map[*Input]*types.Var{}}
		m.actions[name] = a
		if other := folded[fold(name)]; other != nil {
			m.report(CodeAlikeActions, f.namePos(), "action %q is alike action %q, as names are compared by their letters and digits; rename one", name, other.name).
				relate(other.do.namePos(), "the other is here")
			a.broken = true
			continue
		}
		folded[fold(name)] = a
	}
	for _, f := range m.functions {
		if f.isDo() {
			continue
		}
		name := f.nameArg().name
		a := m.actions[name]
		if a == nil {
			m.undoWithoutDo(f)
			continue
		}
		if a.undo != nil {
			m.report(CodeDuplicateUndo, f.namePos(), "action %q already has an undo, %s; an action has one", name, a.undo.name()).
				relate(a.undo.namePos(), "the first is here")
			a.broken = true
			m.lose(directive{verb: "undo"})
			continue
		}
		a.undo = f
		a.broken = a.broken || f.broken
		if a.do.noundo.text != "" {
			d := m.report(CodeNoundoWithUndo, a.do.at(a.do.noundo.offset), "action %q says noundo, but %s is its undo; leave noundo out, or that directive", name, f.name())
			d.relate(f.namePos(), "the undo is here")
			d.suggest("Leave noundo out", a.do.at(a.do.noundo.offset-1), len(" noundo"), "")
		}
	}
	for _, a := range sortedByName(m.actions) {
		if a.undo == nil && a.do.noundo.text == "" && !a.do.flawed && !m.hasLost("undo", a.name) {
			d := m.report(CodeMissingUndo, a.do.namePos(), "action %q has no undo; write //saga:undo %s above the function that undoes it, or //saga:do %s noundo if there is nothing to undo", a.name, a.name, a.name)
			if !a.broken && !m.foreign() {
				m.suggestUndo(d, a)
			}
			d.suggest("Write noundo", a.do.namePos()+token.Pos(len(a.name)), 0, " noundo")
		}
	}
}

func (m *modeler) undoWithoutDo(f *function) {
	name := f.nameArg().name
	if m.hasLost("do", name) {
		return
	}
	var open []string
	for _, a := range sortedByName(m.actions) {
		if !slices.ContainsFunc(m.functions, func(u *function) bool { return !u.isDo() && u.nameArg().name == a.name }) {
			open = append(open, a.name)
		}
	}
	if c, ok := Closest(name, open); ok {
		m.report(CodeUndoWithoutDo, f.namePos(), "there is no action %q to undo; did you mean %q?", name, c).replace(f.namePos(), name, c)
		m.lose(directive{verb: "undo", names: []nameArg{{name: c}}})
		return
	}
	m.report(CodeUndoWithoutDo, f.namePos(), "there is no action %q to undo; write //saga:do %s above the function that does it", name, name)
}

// readActions builds the models of the actions.
func (m *modeler) readActions() {
	actions := sortedByName(m.actions)
	for _, a := range actions {
		if a.do.output != nil && !m.checkJSON(a.do.output, a.do.sig().Results().At(0).Pos(), "the output of "+a.do.name(), "") {
			a.broken = true
		}
	}
	for _, a := range actions {
		if !a.broken {
			m.readAction(a)
		}
	}
}

func (m *modeler) readAction(a *actionModel) {
	model := &Action{Name: a.name, Label: a.do.label, Output: a.do.output}
	if model.Label == "" {
		model.Label = a.name
	}
	model.ImportPath, model.PackageName = m.importNames()
	r := &parameterReader{modeler: m, action: a, model: model}
	model.Do = r.read(a.do)
	if a.undo != nil {
		model.Undo = r.read(a.undo)
	}
	for _, in := range model.Inputs {
		what, advice := "parameter "+printable(in.Name)+" of action "+printable(a.name), ""
		if mayBeTool(in.Type) {
			advice = "; what a function works with is no parameter, but a field of the type that it is a method of"
		}
		if !m.checkJSON(in.Type, a.params[in].Pos(), what, advice) {
			r.broken = true
		}
	}
	if a.broken = r.broken; !a.broken {
		a.model = model
	}
}

// mayBeTool reports whether a type is likely to be that of a client, or of something else that is no data.
func mayBeTool(t types.Type) bool {
	if types.Identical(t, errorVar.Type()) {
		return false
	}
	switch t.Underlying().(type) {
	case *types.Pointer, *types.Interface, *types.Signature, *types.Chan:
		return true
	}
	return false
}

// checkJSON reports a type whose values don't survive being stored, and gives the advice with that. It reports one
// type once, as all other places are only its consequence.
func (m *modeler) checkJSON(t types.Type, pos token.Pos, what, advice string) bool {
	_, err := shapeOf(t)
	if err == nil {
		return m.checkFields(t, pos, what)
	}
	if m.first("json", types.TypeString(t, nil)) {
		at := pos
		if named, ok := types.Unalias(deref(t)).(*types.Named); ok && named.Obj().Pkg() == m.pkg && !m.foreign() {
			at = named.Obj().Pos()
		}
		d := m.report(CodeNotJSON, at, "%s: type %s can't be stored as JSON: %v%s", what, m.typeString(t), err, advice)
		if at != pos {
			d.relate(pos, "it comes up here")
		}
	}
	return false
}

// checkFields reports the fields that would be lost when a value of that type is stored. It reports each once.
func (m *modeler) checkFields(t types.Type, pos token.Pos, what string) bool {
	if m.foreign() {
		return true
	}
	lost := m.lostFields(t)
	for _, l := range lost {
		if m.first("lost", m.fset.Position(l.field.Pos()).String()) {
			why, do := "isn't exported", "export it"
			if l.by != "" {
				why, do = "has the JSON name of "+l.by, "give it another one with a json tag"
			}
			m.report(CodeNotJSON, l.field.Pos(), "%s: %s %s, so encoding/json leaves it out: %s, or tag it json:\"-\" if it may be lost", what, l.path, why, do).
				relate(pos, "it comes up here")
		}
	}
	return len(lost) == 0
}
