package check

import (
	"go/token"
	"go/types"
	"maps"
	"slices"

	"github.com/sagagen/sagagen/gen/diag"
	"github.com/sagagen/sagagen/gen/internal/directive"
	"github.com/sagagen/sagagen/gen/internal/model"
	"github.com/sagagen/sagagen/gen/internal/naming"
	"github.com/sagagen/sagagen/internal/spelling"
)

// actionModel is an action whose model is being built.
type actionModel struct {
	name     string
	do, undo *function
	model    *model.Action
	// broken says that its inputs or its output are not known because of a
	// mistake.
	broken bool
	// ownOutput is the parameter of undo that is the own output by its type
	// alone; nil if its name is alike the name of the action.
	ownOutput *types.Var
	// params has the parameters that its inputs were read from.
	params map[*model.Input]*types.Var
}

// sortedByName returns the values of a map, sorted by name.
func sortedByName[T any](byName map[string]T) []T {
	var list []T
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		list = append(list, byName[name])
	}
	return list
}

// pairActions makes an action of each do function and its undo function.
func (c *checker) pairActions() {
	c.addActions()
	c.addUndos()
	c.checkMissingUndos()
}

// addActions adds an action for each do function.
func (c *checker) addActions() {
	folded := map[string]*actionModel{}
	for _, f := range c.functions {
		if !f.isDo() {
			continue
		}
		name := f.nameArg().Name
		if first := c.actions[name]; first != nil {
			c.Report(diag.CodeDuplicateDo, f.namePos(),
				"action %q already has the do function %s; rename one action or remove one directive",
				name, first.do.name()).
				Relate(first.do.namePos(), "the first one is here")
			first.broken = true
			c.Drop(directive.Directive{Verb: "do"}) // it may be meant for another action
			continue
		}
		a := &actionModel{name: name, do: f, broken: f.broken || c.appBroken, params: map[*model.Input]*types.Var{}}
		c.actions[name] = a
		if other := folded[spelling.Fold(name)]; other != nil {
			c.Report(diag.CodeAlikeActions, f.namePos(),
				"action %q differs from action %q only in case or punctuation; rename one", name, other.name).
				Relate(other.do.namePos(), "the other one is here")
			a.broken = true
			continue
		}
		folded[spelling.Fold(name)] = a
	}
}

// addUndos adds the undo functions to the actions.
func (c *checker) addUndos() {
	for _, f := range c.functions {
		if f.isDo() {
			continue
		}
		name := f.nameArg().Name
		a := c.actions[name]
		if a == nil {
			c.reportUndoWithoutDo(f)
			continue
		}
		if a.undo != nil {
			c.Report(diag.CodeDuplicateUndo, f.namePos(),
				"action %q already has the undo function %s; fix the name of the action or remove one directive",
				name, a.undo.name()).
				Relate(a.undo.namePos(), "the first one is here")
			a.broken = true
			c.Drop(directive.Directive{Verb: "undo"})
			continue
		}
		a.undo = f
		a.broken = a.broken || f.broken
		if a.do.Noundo.Text != "" {
			d := c.Report(diag.CodeNoundoWithUndo, a.do.At(a.do.Noundo.Offset),
				"action %q is declared with noundo, but %s is its undo function; remove noundo or the //saga:undo directive",
				name, f.name())
			d.Relate(f.namePos(), "the undo function is here")
			d.Suggest("Remove noundo", a.do.At(a.do.Noundo.Offset-1), len(" noundo"), "")
		}
	}
}

// checkMissingUndos reports actions without an undo function that aren't
// declared with noundo.
func (c *checker) checkMissingUndos() {
	for _, a := range sortedByName(c.actions) {
		if a.undo == nil && a.do.Noundo.Text == "" && !a.do.Flawed && !c.HasDropped("undo", a.name) {
			d := c.Report(diag.CodeMissingUndo, a.do.namePos(),
				"action %q has no undo function; add //saga:undo %s above the function that undoes it, or write //saga:do %s noundo if there is nothing to undo",
				a.name, a.name, a.name)
			if !a.broken && !c.isImported() {
				c.suggestUndo(d, a)
			}
			d.Suggest("Add noundo", a.do.namePos()+token.Pos(len(a.name)), 0, " noundo")
		}
	}
}

// reportUndoWithoutDo reports an undo function of an action that doesn't exist,
// unless a dropped do directive may have declared it.
func (c *checker) reportUndoWithoutDo(f *function) {
	name := f.nameArg().Name
	if c.HasDropped("do", name) {
		return
	}
	var withoutUndo []string
	for _, a := range sortedByName(c.actions) {
		if !c.hasUndo(a.name) {
			withoutUndo = append(withoutUndo, a.name)
		}
	}
	if closest, ok := spelling.Closest(name, withoutUndo); ok {
		c.Report(diag.CodeUndoWithoutDo, f.namePos(), "undo of unknown action %q; did you mean %q?",
			name, closest).Replace(f.namePos(), name, closest)
		c.Drop(directive.Directive{Verb: "undo", Names: []directive.NameArg{{Name: closest}}})
		return
	}
	c.Report(diag.CodeUndoWithoutDo, f.namePos(),
		"undo of unknown action %q; add //saga:do %s above the function that performs it", name, name)
}

// readActions builds the models of the actions that aren't broken.
func (c *checker) readActions() {
	actions := sortedByName(c.actions)
	for _, a := range actions {
		if a.do.output == nil {
			continue
		}
		pos := a.do.sig().Results().At(0).Pos()
		if !c.checkJSON(a.do.output, pos, "the output of "+a.do.name(), "") {
			a.broken = true
		}
	}
	for _, a := range actions {
		if !a.broken {
			c.readAction(a)
		}
	}
}

// readAction builds the model of an action, or marks the action as broken.
func (c *checker) readAction(a *actionModel) {
	action := &model.Action{Name: a.name, Label: a.do.Label, Output: a.do.output}
	if action.Label == "" {
		action.Label = a.name
	}
	action.ImportPath, action.PackageName = c.importedFrom()
	r := &parameterReader{checker: c, action: a, model: action}
	action.Do = r.readFunc(a.do)
	if a.undo != nil {
		action.Undo = r.readFunc(a.undo)
	}
	for _, in := range action.Inputs {
		subject, advice := "parameter "+naming.Printable(in.Name)+" of action "+naming.Printable(a.name), ""
		if looksLikeDependency(in.Type) {
			advice = "; if it is a dependency such as a client, make it a field of the type that this function is a method of"
		}
		if !c.checkJSON(in.Type, a.params[in].Pos(), subject, advice) {
			r.broken = true
		}
	}
	if a.broken = r.broken; !a.broken {
		a.model = action
	}
}
