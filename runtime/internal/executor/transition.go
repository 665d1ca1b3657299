package executor

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sagagen/sagagen/runtime/engine"
)

// ErrIllegalEvent is returned by Apply, wrapped with details, for an event that
// is not possible in the current state. The log is corrupt, or belongs to
// another DAG.
var ErrIllegalEvent = errors.New("illegal event")

// Transition is a row of the transition table: in the state From, the event
// leads to the state To.
type Transition struct {
	From  engine.NodeState
	Event engine.EventKind
	To    engine.NodeState
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
		{engine.NodePending, engine.EventStarted, engine.NodeStarted, Ready},
		{engine.NodeStarted, engine.EventSucceeded, engine.NodeSucceeded, Always},
		{engine.NodeStarted, engine.EventFailed, engine.NodeFailed, Always},
		{engine.NodeStarted, engine.EventIndeterminate, engine.NodeIndeterminate, Always},
		{engine.NodeSucceeded, engine.EventUndoStarted, engine.NodeUndoStarted, Undoable},
		{engine.NodeIndeterminate, engine.EventUndoStarted, engine.NodeUndoStarted, Undoable},
		{engine.NodeUndoStarted, engine.EventUndoFinished, engine.NodeUndone, Always},
		{engine.NodeUndoStarted, engine.EventUndoFailed, engine.NodeUndoFailed, Always},

		{engine.NodeUndoFailed, engine.EventUndoRetried, engine.NodeUndoStarted, Always},
		{engine.NodeUndoFailed, engine.EventMarkedUndone, engine.NodeUndone, Always},
		{engine.NodeFailed, engine.EventOutputSupplied, engine.NodeSucceeded, NoUndoStarted},
		{engine.NodeIndeterminate, engine.EventOutputSupplied, engine.NodeSucceeded, NoUndoStarted},
		{engine.NodeUndoFailed, engine.EventOutputSupplied, engine.NodeSucceeded, NoUndoStarted},
	}
}

// transitionTable holds Transitions for fast lookup. A zero row is an illegal
// transition.
var transitionTable = func() (table [engine.NodeUndoFailed + 1][engine.EventAbandoned + 1]Transition) {
	for _, t := range Transitions() {
		table[t.From][t.Event] = t
	}
	return table
}()

func transition(from engine.NodeState, event engine.EventKind) (Transition, bool) {
	if int(event) >= len(transitionTable[from]) {
		return Transition{}, false
	}
	t := transitionTable[from][event]
	return t, t.When != ""
}

// RenderTransitions returns the table in Markdown, with a row for each state
// and a column for each event.
func RenderTransitions() string {
	kinds := slices.DeleteFunc(engine.EventKinds(), func(k engine.EventKind) bool {
		return !slices.ContainsFunc(Transitions(), func(t Transition) bool { return t.Event == k })
	})
	conditions := []Condition{Ready, Undoable, NoUndoStarted}
	var b strings.Builder
	b.WriteString("| state |")
	for _, kind := range kinds {
		fmt.Fprintf(&b, " %s |", kind)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(kinds)))
	for _, from := range engine.NodeStates() {
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
