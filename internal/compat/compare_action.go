package compat

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/sagagen/sagagen/internal/shape"
)

const (
	whyFits = "What is in logs can be read."
	whyNot  = "What sagas in flight have of it can't be read without a loss, and these are parked."
)

// inputs compares what an action takes.
func (c *comparer) inputs(old *File, a, b *Action) {
	for _, input := range slices.Sorted(maps.Keys(b.Inputs)) {
		is := b.Inputs[input]
		was, known := a.Inputs[input]
		if !known {
			c.newInput(old, a, b, input)
			continue
		}
		if was.Shape == is.Shape {
			continue
		}
		f := Finding{Kind: "input", Pos: is.Pos, Action: b.Name, Input: input}
		c.data(f, old, a, was.Shape, is.Shape)
	}
	for _, input := range slices.Sorted(maps.Keys(a.Inputs)) {
		if _, known := b.Inputs[input]; !known {
			c.add(Finding{Kind: "input-removed", Pos: b.Pos, Action: b.Name, Input: input, Change: "it is gone", Why: "What sagas in flight have for it isn't read."})
		}
	}
}

// output compares what an action gives.
func (c *comparer) output(old *File, a, b *Action) {
	was, is := a.Output.Shape, b.Output.Shape
	if was == is {
		return
	}
	f := Finding{Kind: "output", Pos: b.Output.Pos, Action: b.Name}
	c.data(f, old, a, was, is)
}

// data completes a finding on data that has another shape now.
func (c *comparer) data(f Finding, old *File, a *Action, was, is string) {
	place := "output"
	if f.Input != "" {
		place = "input" + shape.Step(f.Input)
	}
	if m := shape.Fits(was, is).At(place); m != nil {
		f.Change, f.Why = m.Path+": "+m.Reason, whyNot
		c.breaks(&f, old, a)
		f.Remedy = "Make the field optional or keep its name in JSON, if that is all; otherwise write a new action beside the old one, " +
			"and give its nodes that: //saga:append NODE=NEWACTION."
	} else {
		f.Change, f.Why = fmt.Sprintf("%s: was %s, is %s", place, shape.Brief(was), shape.Brief(is)), whyFits
	}
	c.add(f)
}

// newInput tells whether sagas in flight have what an action takes newly: an ancestor of the input's name
// whose output fits.
func (c *comparer) newInput(old *File, a, b *Action, input string) {
	is := b.Inputs[input]
	f := Finding{Kind: "input-added", Pos: is.Pos, Action: b.Name, Input: input, Change: "it is new"}
	places := c.places(a)
	var lacking []string
	for _, p := range places {
		node := fmt.Sprintf("saga %q, node %q", p.saga.Name, p.node.Name)
		source := p.saga.ancestor(p.node, input)
		if source == nil {
			lacking = append(lacking, node+": nothing gives it")
			continue
		}
		if m := shape.Fits(c.was.output(p.file, source), is.Shape).At("input" + shape.Step(input)); m != nil {
			lacking = append(lacking, fmt.Sprintf("%s: %s: %s", node, m.Path, m.Reason))
		}
	}
	switch {
	case len(lacking) > 0:
		f.Level, f.Why = Breaking, "Sagas in flight that don't have it are parked: "+enumerate(lacking)+"."
		f.Remedy = "A parameter's name is the input's: keep that if it was renamed. Otherwise write a new action beside the old one, " +
			"and give its nodes that: //saga:append NODE=NEWACTION."
	case len(places) == 0:
		f.Why = "Sagas in flight that don't have it are parked."
		c.breaks(&f, old, a)
	default:
		f.Why = "Sagas in flight have it, from the node of that name."
	}
	c.add(f)
}

// undo compares what can be undone.
func (c *comparer) undo(old *File, a, b *Action) {
	f := Finding{Pos: b.UndoPos, Action: b.Name}
	switch {
	case a.Undo == b.Undo:
		return
	case b.Undo == NoUndo:
		f.Kind, f.Change = "undo-removed", "its undo is gone"
		f.Why = "What it has done for sagas in flight stays when these fail."
		c.breaks(&f, old, a)
		f.Remedy = "Keep the undo, and write a new action beside this one that has none. Remove this one when no saga in flight has it."
	case a.Undo == NoUndo:
		f.Level, f.Kind, f.Change = Care, "undo-added", "it has an undo now"
		f.Why = "Sagas in flight that fail have it undone too, also where the older program has done it."
		f.Remedy = "See that the undo can do with what the older program did."
		if b.Undo == UndoKnown {
			f.Remedy += " It doesn't take an unknown output: where the outcome is unknown, a saga that unwinds becomes stuck now."
		}
	case a.Undo == UndoUnknown:
		f.Kind, f.Change = "undo-known", "its undo no longer takes the output as a pointer"
		f.Why = "A saga in flight that fails where the outcome is unknown becomes stuck, and was undone before."
		c.breaks(&f, old, a)
		f.Remedy = "Let the undo take the output as a pointer."
	default:
		f.Kind, f.Change = "undo-unknown", "its undo takes the output as a pointer now"
		f.Why = "It is also called where the outcome is unknown, with nil; a saga in flight became stuck there before."
	}
	c.add(f)
}

// policies compares how attempts are made. A policy isn't stored: sagas in flight have the new one from their next attempt on.
func (c *comparer) policies(a, b *Action) {
	const why = "It isn't stored, and holds for the next attempts of sagas in flight too."
	was, is := a.DoPolicy, b.DoPolicy
	if change := was.changes(is); change != "" {
		f := Finding{Kind: "policy", Pos: is.Pos, Action: b.Name, Change: "do: " + change, Why: why}
		if shorter(was.Timeout, is.Timeout) && b.Undo == UndoKnown {
			f.Level = Care
			f.Remedy = "An attempt whose time is up has an unknown outcome, which this undo doesn't take: see that the time is enough, or let the undo take the output as a pointer."
		}
		c.add(f)
	}
	was, is = a.UndoPolicy, b.UndoPolicy
	if change := was.changes(is); change != "" && a.Undo != NoUndo && b.Undo != NoUndo {
		f := Finding{Kind: "policy", Pos: is.Pos, Action: b.Name, Change: "undo: " + change, Why: why}
		if fewerAttempts(was.MaxAttempts, is.MaxAttempts) || shorter(was.Timeout, is.Timeout) {
			f.Level = Care
			f.Remedy = "An undo that is given up leaves its saga stuck: see that the attempts are enough."
		}
		c.add(f)
	}
}

// changes says what is different in another policy; empty if nothing is.
func (p Policy) changes(is Policy) string {
	var changes []string
	add := func(name string, was, is any) {
		if was != is {
			changes = append(changes, fmt.Sprintf("%s was %v, is %v", name, was, is))
		}
	}
	add("the timeout", orDefault(p.Timeout, "none"), orDefault(is.Timeout, "none"))
	add("the number of attempts", orDefault(p.MaxAttempts, "the default"), orDefault(is.MaxAttempts, "the default"))
	add("backoff", orDefault(p.Backoff, "the default"), orDefault(is.Backoff, "the default"))
	add("the limit", orDefault(p.Limit, "none"), orDefault(is.Limit, "none"))
	return enumerate(changes)
}

func orDefault[T comparable](v T, zero string) string {
	if v == *new(T) {
		return zero
	}
	return fmt.Sprint(v)
}

// shorter reports whether a timeout is shorter than it was, where zero is none.
func shorter(was, is time.Duration) bool { return is > 0 && (was == 0 || is < was) }

// defaultUndoAttempts is the runtime's DefaultUndoAttempts.
const defaultUndoAttempts = 11

// fewerAttempts reports whether the maximum of attempts of an undo is lower
// than it was.
func fewerAttempts(was, is int) bool {
	return cmp.Or(is, defaultUndoAttempts) < cmp.Or(was, defaultUndoAttempts)
}
