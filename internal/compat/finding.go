package compat

import (
	"cmp"
	"encoding/json"
	"fmt"
	"go/token"
	"slices"
	"strings"
)

// Level says how a change affects sagas in flight.
type Level uint8

// The levels.
const (
	Safe     Level = iota // sagas in flight aren't affected
	Caution               // sagas in flight continue, but the remedy is worth reading first
	Breaking              // sagas in flight may be parked or stuck, or not be undone
)

var levelNames = [...]string{"safe", "caution", "breaking"}

func (l Level) String() string { return levelNames[l] }

// MarshalText implements encoding.TextMarshaler.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// Finding is one change.
type Finding struct {
	Level Level
	// Kind is a stable identifier such as "action-removed".
	Kind string
	// Pos is in the current version, or in the base if something was removed.
	Pos token.Position
	// Action, Saga, Node and Input name the subject of the change. Those that
	// don't apply are empty.
	Action, Saga, Node, Input string
	// Change says what changed, Why how that affects sagas in flight, and
	// Remedy how to make the change safely. Remedy may be empty.
	Change, Why, Remedy string
}

// subject names the subject of a finding.
func (f *Finding) subject() string {
	var parts []string
	add := func(what, name string) {
		if name != "" {
			parts = append(parts, fmt.Sprintf("%s %q", what, name))
		}
	}
	add("saga", f.Saga)
	add("node", f.Node)
	add("action", f.Action)
	add("input", f.Input)
	return strings.Join(parts, ": ")
}

// Report is the result of a comparison.
type Report struct {
	// Base is the revision or the file as the user named it.
	Base     string
	Findings []Finding // the most severe first
}

// sortFindings sorts by level, then by position.
func sortFindings(list []Finding) {
	slices.SortStableFunc(list, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(b.Level, a.Level), cmp.Compare(a.Pos.Filename, b.Pos.Filename),
			cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Column, b.Pos.Column))
	})
}

// count returns the number of findings with a level.
func (r *Report) count(l Level) int {
	n := 0
	for _, f := range r.Findings {
		if f.Level == l {
			n++
		}
	}
	return n
}

// Breaking reports whether a change is breaking.
func (r *Report) Breaking() bool { return r.count(Breaking) > 0 }

// Text returns the report as text.
func (r *Report) Text() string {
	var b strings.Builder
	for i := range r.Findings {
		f := &r.Findings[i]
		fmt.Fprintf(&b, "%s: %s: ", f.Pos, f.Level)
		if subject := f.subject(); subject != "" {
			fmt.Fprintf(&b, "%s: ", subject)
		}
		fmt.Fprintf(&b, "%s [%s]\n", f.Change, f.Kind)
		for _, text := range []string{f.Why, f.Remedy} {
			if text != "" {
				fmt.Fprintf(&b, "\t%s\n", strings.ReplaceAll(text, "\n", "\n\t"))
			}
		}
	}
	if len(r.Findings) == 0 {
		fmt.Fprintf(&b, "no changes since %s\n", r.Base)
		return b.String()
	}
	fmt.Fprintf(&b, "changes since %s: %d breaking, %d caution, %d safe\n",
		r.Base, r.count(Breaking), r.count(Caution), r.count(Safe))
	return b.String()
}

type findingJSON struct {
	Level  Level  `json:"level"`
	Kind   string `json:"kind"`
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
	Action string `json:"action,omitempty"`
	Saga   string `json:"saga,omitempty"`
	Node   string `json:"node,omitempty"`
	Input  string `json:"input,omitempty"`
	Change string `json:"change"`
	Why    string `json:"why"`
	Remedy string `json:"remedy,omitempty"`
}

// JSON returns the report as JSON.
func (r *Report) JSON() string {
	out := struct {
		Base     string        `json:"base"`
		Breaking int           `json:"breaking"`
		Caution  int           `json:"caution"`
		Safe     int           `json:"safe"`
		Findings []findingJSON `json:"findings"`
	}{r.Base, r.count(Breaking), r.count(Caution), r.count(Safe), []findingJSON{}}
	for _, f := range r.Findings {
		out.Findings = append(out.Findings, findingJSON{f.Level, f.Kind, f.Pos.Filename, f.Pos.Line, f.Pos.Column,
			f.Action, f.Saga, f.Node, f.Input, f.Change, f.Why, f.Remedy})
	}
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(out); err != nil {
		panic(err) // strings and numbers can always be encoded
	}
	return b.String()
}
