package compat

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sagagen/sagagen/internal/shape"
)

const (
	whyReadable   = "Data in existing logs can still be read."
	whyUnreadable = "Stored data of sagas in flight can't be read without loss, so these sagas are parked."

	// useNewAction is the remedy if an action can't stay compatible.
	useNewAction = "Otherwise keep this action, write a new one, and use it in the DAG: //saga:append NODE=NEWACTION."
)

func (c *comparer) inputs(baseFile *File, a, b *Action) {
	for _, input := range slices.Sorted(maps.Keys(b.Inputs)) {
		after := b.Inputs[input]
		before, known := a.Inputs[input]
		if !known {
			c.addedInput(baseFile, a, b, input)
			continue
		}
		if before.Shape == after.Shape {
			continue
		}
		f := Finding{Kind: "input", Pos: after.Pos, Action: b.Name, Input: input}
		c.data(f, baseFile, a, before.Shape, after.Shape)
	}
	for _, input := range slices.Sorted(maps.Keys(a.Inputs)) {
		if _, known := b.Inputs[input]; !known {
			c.add(Finding{
				Kind: "input-removed", Pos: b.Pos, Action: b.Name, Input: input,
				Change: "removed", Why: "The action ignores the stored data of this input.",
			})
		}
	}
}

func (c *comparer) output(baseFile *File, a, b *Action) {
	before, after := a.Output.Shape, b.Output.Shape
	if before == after {
		return
	}
	f := Finding{Kind: "output", Pos: b.Output.Pos, Action: b.Name}
	c.data(f, baseFile, a, before, after)
}

// data completes and adds a finding about data with a changed shape.
func (c *comparer) data(f Finding, baseFile *File, a *Action, before, after string) {
	place := "output"
	if f.Input != "" {
		place = "input" + shape.Step(f.Input)
	}
	if m := shape.Fits(before, after).At(place); m != nil {
		f.Change, f.Why = m.Path+": "+m.Reason, whyUnreadable
		c.setBreaking(&f, baseFile, a)
		f.Remedy = "Make the field optional or keep its JSON name, if that is enough. " + useNewAction
	} else {
		f.Change = fmt.Sprintf("%s: was %s, is %s", place, shape.Brief(before), shape.Brief(after))
		f.Why = whyReadable
	}
	c.add(f)
}

// addedInput reports an added input. Sagas in flight have its data if an
// ancestor of the node has the name of the input and a compatible output.
func (c *comparer) addedInput(baseFile *File, a, b *Action, input string) {
	added := b.Inputs[input]
	f := Finding{Kind: "input-added", Pos: added.Pos, Action: b.Name, Input: input, Change: "added"}
	uses := c.uses(a)
	var lacking []string
	for _, u := range uses {
		node := fmt.Sprintf("saga %q, node %q", u.saga.Name, u.node.Name)
		source := u.saga.ancestor(u.node, input)
		if source == nil {
			lacking = append(lacking, node+": no earlier node has this name")
			continue
		}
		if m := shape.Fits(c.base.output(u.file, source), added.Shape).At("input" + shape.Step(input)); m != nil {
			lacking = append(lacking, fmt.Sprintf("%s: %s: %s", node, m.Path, m.Reason))
		}
	}
	switch {
	case len(lacking) > 0:
		f.Level, f.Why = Breaking, "Sagas in flight without data for this input are parked: "+enumerate(lacking)+"."
		f.Remedy = "An input has the name of its parameter: keep that name if you only renamed the parameter. " +
			useNewAction
	case len(uses) == 0:
		f.Why = "Sagas in flight without data for this input are parked."
		c.setBreaking(&f, baseFile, a)
	default:
		f.Why = "Sagas in flight have data for this input, from the node of the same name."
	}
	c.add(f)
}

func (c *comparer) undo(baseFile *File, a, b *Action) {
	f := Finding{Pos: b.UndoPos, Action: b.Name}
	switch {
	case a.Undo == b.Undo:
		return
	case b.Undo == NoUndo:
		f.Kind, f.Change = "undo-removed", "undo removed"
		f.Why = "If a saga in flight fails, the effects of this action aren't undone."
		c.setBreaking(&f, baseFile, a)
		f.Remedy = "Keep this action with its undo, and write a new action without one. " +
			"Remove this action when no saga in flight uses it."
	case a.Undo == NoUndo:
		f.Level, f.Kind, f.Change = Caution, "undo-added", "undo added"
		f.Why = "If a saga in flight fails, the undo also runs for actions that the older program executed."
		f.Remedy = "Make sure that the undo can handle what the older program did."
		if b.Undo == UndoKnown {
			f.Remedy += " The undo doesn't accept unknown outcomes: " +
				"a saga that fails with an unknown outcome of this action becomes stuck."
		}
	case a.Undo == UndoUnknown:
		f.Kind, f.Change = "undo-known", "undo no longer takes the output as a pointer"
		f.Why = "A saga in flight that fails with an unknown outcome of this action becomes stuck. " +
			"Before, it was undone."
		c.setBreaking(&f, baseFile, a)
		f.Remedy = "Let the undo take the output as a pointer."
	default:
		f.Kind, f.Change = "undo-unknown", "undo takes the output as a pointer"
		f.Why = "The undo also runs after an unknown outcome, with nil. Before, the saga became stuck."
	}
	c.add(f)
}

// policies compares the policies of an action. Policies aren't stored: sagas in
// flight use the new ones from their next attempt on.
func (c *comparer) policies(a, b *Action) {
	const why = "Policies aren't stored. The next attempts of sagas in flight use the new policy."
	before, after := a.DoPolicy, b.DoPolicy
	if change := before.changes(after); change != "" {
		f := Finding{Kind: "policy", Pos: after.Pos, Action: b.Name, Change: "do: " + change, Why: why}
		if shorter(before.Timeout, after.Timeout) && b.Undo == UndoKnown {
			f.Level = Caution
			f.Remedy = "An attempt that times out has an unknown outcome, which this undo doesn't accept. " +
				"Make sure that the timeout is long enough, or let the undo take the output as a pointer."
		}
		c.add(f)
	}
	before, after = a.UndoPolicy, b.UndoPolicy
	if change := before.changes(after); change != "" && a.Undo != NoUndo && b.Undo != NoUndo {
		f := Finding{Kind: "policy", Pos: after.Pos, Action: b.Name, Change: "undo: " + change, Why: why}
		if fewerAttempts(before.MaxAttempts, after.MaxAttempts) || shorter(before.Timeout, after.Timeout) {
			f.Level = Caution
			f.Remedy = "A saga becomes stuck when its undo runs out of attempts. " +
				"Make sure that the attempts and the timeout suffice."
		}
		c.add(f)
	}
}

// changes describes the differences from p to another policy, and returns "" if
// there are none.
func (p Policy) changes(to Policy) string {
	var changes []string
	add := func(name string, before, after any) {
		if before != after {
			changes = append(changes, fmt.Sprintf("%s was %v, is %v", name, before, after))
		}
	}
	add("timeout", orDefault(p.Timeout, "none"), orDefault(to.Timeout, "none"))
	add("number of attempts", orDefault(p.MaxAttempts, "the default"), orDefault(to.MaxAttempts, "the default"))
	add("backoff", orDefault(p.Backoff, "the default"), orDefault(to.Backoff, "the default"))
	add("limit", orDefault(p.Limit, "none"), orDefault(to.Limit, "none"))
	return strings.Join(changes, "; ")
}

func orDefault[T comparable](v T, zero string) string {
	if v == *new(T) {
		return zero
	}
	return fmt.Sprint(v)
}

// shorter reports whether a timeout is shorter than before. Zero is no timeout.
func shorter(before, after time.Duration) bool {
	return after > 0 && (before == 0 || after < before)
}

// defaultUndoAttempts is the runtime's DefaultUndoAttempts.
const defaultUndoAttempts = 11

// fewerAttempts reports whether an undo has fewer attempts than before.
func fewerAttempts(before, after int) bool {
	return cmp.Or(after, defaultUndoAttempts) < cmp.Or(before, defaultUndoAttempts)
}
