package inspect

import (
	"fmt"
	"go/token"
	"go/types"
	"strconv"
	"strings"

	"github.com/sagagen/sagagen/gen/internal/model"
)

// Listing is the declarations of a package.
type Listing struct {
	// Package is the import path.
	Package string   `json:"package"`
	Sagas   []Saga   `json:"sagas"`
	Actions []Action `json:"actions"`
}

// Saga is a saga in a list.
type Saga struct {
	Name string `json:"name"`
	// Params is the type with the directives of the saga, Pos its position.
	Params string `json:"params"`
	Output string `json:"output,omitempty"`
	Pos    string `json:"pos"`
	// Nodes are in topological order.
	Nodes []string `json:"nodes"`
}

// Action is an action in a list.
type Action struct {
	Name string `json:"name"`
	// FullName is the name in the registry and in logs.
	FullName string   `json:"full_name"`
	Label    string   `json:"label"`
	Output   string   `json:"output,omitempty"`
	Do       *Located `json:"do"`
	// Undo is nil for noundo.
	Undo *Located `json:"undo,omitempty"`
}

// Located is a function with its position.
type Located struct {
	*Func
	Pos string `json:"pos"`
}

// List returns the declarations of packages, sorted by name. The function file
// converts the absolute paths of files for the output.
func List(packages []*model.Package, file func(string) string) []Listing {
	list := []Listing{}
	for _, p := range packages {
		l := lister{p, qualify(p), file}
		listing := Listing{Package: p.Path, Sagas: []Saga{}, Actions: []Action{}}
		for _, s := range p.Sagas {
			listing.Sagas = append(listing.Sagas, l.saga(s))
		}
		for _, a := range p.Actions {
			listing.Actions = append(listing.Actions, l.action(a))
		}
		list = append(list, listing)
	}
	return list
}

type lister struct {
	*model.Package
	qualify types.Qualifier
	file    func(string) string
}

func (l lister) position(pos token.Pos) string {
	position := l.Fset.Position(pos)
	position.Filename = l.file(position.Filename)
	return position.String()
}

func (l lister) saga(s *model.Saga) Saga {
	out := Saga{
		Name: s.Name, Params: typeOf(s.Params.Type(), l.qualify), Output: typeOf(s.Output, l.qualify),
		Pos: l.position(s.Params.Pos()),
	}
	for _, n := range s.Nodes {
		out.Nodes = append(out.Nodes, n.Name)
	}
	return out
}

func (l lister) action(a *model.Action) Action {
	return Action{
		Name: a.Name, FullName: l.Prefix + "." + a.Name, Label: a.Label, Output: typeOf(a.Output, l.qualify),
		Do: l.located(a.Do), Undo: l.located(a.Undo),
	}
}

func (l lister) located(f *model.Func) *Located {
	if f == nil {
		return nil
	}
	return &Located{newFunc(f, l.qualify), l.position(f.Object.Pos())}
}

// ListJSON returns a list as JSON.
func ListJSON(list []Listing) string { return encode(list) }

// ListText returns a list as text.
func ListText(list []Listing) string {
	var parts []string
	for _, l := range list {
		parts = append(parts, "package "+l.Package+"\n")
		for _, s := range l.Sagas {
			parts = append(parts, s.text())
		}
		for _, a := range l.Actions {
			parts = append(parts, a.text())
		}
	}
	return strings.Join(parts, "\n")
}

func (s *Saga) text() string {
	signature := (&Graph{Params: s.Params, Output: s.Output}).signature()
	return fmt.Sprintf("saga %s: %s\n    %s\n    nodes %s\n", s.Name, signature, s.Pos, strings.Join(s.Nodes, ", "))
}

func (a *Action) text() string {
	heading := "action " + a.Name
	if a.Label != a.Name {
		heading += " " + strconv.Quote(a.Label)
	}
	if a.Output != "" {
		heading += " → " + a.Output
	}
	if a.Undo == nil {
		return heading + "\n    do    " + a.Do.text() + "    undo  none\n"
	}
	return heading + "\n    do    " + a.Do.text() + "    undo  " + a.Undo.text()
}

func (l *Located) text() string {
	var params []string
	for _, d := range l.Params {
		params = append(params, d.String())
	}
	words := append([]string{l.Name + "(" + strings.Join(params, ", ") + ")"}, l.policy()...)
	return strings.Join(words, ", ") + "\n          " + l.Pos + "\n"
}
