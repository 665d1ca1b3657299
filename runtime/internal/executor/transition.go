package executor

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	saga "github.com/sagagen/sagagen/runtime"
)

// ErrIllegalEvent is returned by Apply, wrapped with details, for an event that
// is not possible in the current state. The log is corrupt, or belongs to
// another DAG.
var ErrIllegalEvent = errors.New("illegal event")

// Transition is a row of the transition table: in the state From, the event
// leads to the state To.
type Transition struct {
	From  saga.NodeState
	Event saga.EventKind
	To    saga.NodeState
	// When is the condition on the rest of the saga.
	When Condition
}

// Condition is a condition on the rest of the saga for a transition.
type Condition string

// The conditions.
const (
	Always        Condition = "always"
	Ready         Condition = "the saga doesn't unwind, and all parents have succeeded"
	Undoable      Condition = "the saga unwinds, and all children are clear"
	NoUndoStarted Condition = "the saga is paused or stuck, and no undo has started"
)

// Transitions returns the complete transition table of an action node. All
// other transitions are illegal.
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

		{saga.NodeUndoFailed, saga.EventUndoRetried, saga.NodeUndoStarted, Always},
		{saga.NodeUndoFailed, saga.EventMarkedUndone, saga.NodeUndone, Always},
		{saga.NodeFailed, saga.EventOutputSupplied, saga.NodeSucceeded, NoUndoStarted},
		{saga.NodeIndeterminate, saga.EventOutputSupplied, saga.NodeSucceeded, NoUndoStarted},
		{saga.NodeUndoFailed, saga.EventOutputSupplied, saga.NodeSucceeded, NoUndoStarted},
	}
}

// transitionTable holds Transitions for fast lookup. A zero row is an illegal
// transition.
var transitionTable = func() (table [saga.NodeUndoFailed + 1][saga.EventAbandoned + 1]Transition) {
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

// RenderTransitions returns the table in Markdown, with a row for each state
// and a column for each event.
func RenderTransitions() string {
	kinds := slices.DeleteFunc(saga.EventKinds(), func(k saga.EventKind) bool {
		return !slices.ContainsFunc(Transitions(), func(t Transition) bool { return t.Event == k })
	})
	conditions := []Condition{Ready, Undoable, NoUndoStarted}
	var b strings.Builder
	b.WriteString("| state |")
	for _, kind := range kinds {
		fmt.Fprintf(&b, " %s |", kind)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(kinds)))
	for _, from := range saga.NodeStates() {
		fmt.Fprintf(&b, "\n| **%s** |", from)
		for _, kind := range kinds {
			cell := ""
			if t, ok := transition(from, kind); ok {
				cell = t.To.String()
				if i := slices.Index(conditions, t.When); i >= 0 {
					cell += fmt.Sprintf(" (%d)", i+1)
				}
			}
			fmt.Fprintf(&b, " %s |", cell)
		}
	}
	b.WriteString("\n\n")
	for i, condition := range conditions {
		fmt.Fprintf(&b, "%d. if %s\n", i+1, condition)
	}
	return b.String()
}
