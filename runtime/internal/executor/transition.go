package executor

import (
	"errors"
	"fmt"
	"strings"

	saga "github.com/sagagen/sagagen/runtime"
)

// ErrIllegalEvent is returned by Apply, wrapped with the details, for an event that can't
// have happened. The log is broken, or was written for another DAG.
var ErrIllegalEvent = errors.New("illegal event")

// Transition is a row of the table: in the state From, the event leads to the state To.
type Transition struct {
	From  saga.NodeState
	Event saga.EventKind
	To    saga.NodeState
	// When is the condition on the rest of the saga.
	When Condition
}

// Condition is what must hold of the rest of the saga for a transition.
type Condition string

// The conditions.
const (
	Always   Condition = "always"
	Ready    Condition = "the saga doesn't unwind, and all parents have succeeded"
	Undoable Condition = "the saga unwinds, and all children are clear"
)

// Transitions returns the whole transition relation of an action node. What is not in it is illegal.
func Transitions() []Transition {
	return []Transition{
		{saga.NodePending, saga.EventStarted, saga.NodeStarted, Ready},
		{saga.NodeStarted, saga.EventSucceeded, saga.NodeSucceeded, Always},
		{saga.NodeStarted, saga.EventFailed, saga.NodeFailed, Always},
		{saga.NodeStarted, saga.EventIndeterminate, saga.NodeIndeterminate, Always},
		{saga.NodeSucceeded, saga.EventUndoStarted, saga.NodeUndoStarted, Undoable},
		{saga.NodeIndeterminate, saga.EventUndoStarted, saga.NodeUndoStarted, Undoable},
		{saga.NodeUndoStarted, saga.EventUndoFinished, saga.NodeUndone, Always},
		{saga.NodeUndoStarted, saga.EventUndoFailed, saga.NodeUndoFailed, Always},
	}
}

// transitionTable is Transitions for fast look-up; a zero row is an illegal transition.
var transitionTable = func() (table [saga.NodeUndoFailed + 1][saga.EventUndoFailed + 1]Transition) {
	for _, t := range Transitions() {
		table[t.From][t.Event] = t
	}
	return table
}()

func transition(from saga.NodeState, event saga.EventKind) (Transition, bool) {
	if int(event) >= len(transitionTable[from]) {
		return Transition{}, false
	}
	t := transitionTable[from][event]
	return t, t.When != ""
}

// RenderTransitions returns the table in Markdown: a row for each state, a column for each event.
func RenderTransitions() string {
	var b strings.Builder
	b.WriteString("| state |")
	for _, kind := range saga.EventKinds() {
		fmt.Fprintf(&b, " %s |", kind)
	}
	b.WriteString("\n|---|")
	b.WriteString(strings.Repeat("---|", len(saga.EventKinds())))
	for _, from := range saga.NodeStates() {
		fmt.Fprintf(&b, "\n| **%s** |", from)
		for _, kind := range saga.EventKinds() {
			cell := ""
			if t, ok := transition(from, kind); ok {
				cell = t.To.String() + map[Condition]string{Ready: " ¹", Undoable: " ²"}[t.When]
			}
			fmt.Fprintf(&b, " %s |", cell)
		}
	}
	fmt.Fprintf(&b, "\n\n¹ if %s.\n² if %s.\n", Ready, Undoable)
	return b.String()
}
