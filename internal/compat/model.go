package compat

import (
	"fmt"
	"go/token"
	"slices"
	"strings"
	"time"
)

// Version is one version of the generated files of some packages.
type Version struct {
	Files []*File
}

// File is what a generated file says.
type File struct {
	// Dir tells which files of two versions are of one package. Slashes separate its parts.
	Dir string
	// ImportPath is how other files name the package; empty if that isn't known.
	ImportPath string
	// Imports are the paths of what it imports.
	Imports []string
	// Pos is that of the package clause.
	Pos     token.Position
	Actions []*Action // in the order of the file
	Sagas   []*Saga   // in the order of the file
}

// Action is an action that a file declares.
type Action struct {
	Name     string // as it is registered and logged
	Constant string // the Go name of its constant
	Pos      token.Position
	Inputs   map[string]Data
	Output   Data // shape.Null if it has none

	Undo                 Undo
	UndoPos              token.Position // of Pos if there is none
	DoPolicy, UndoPolicy Policy
}

// Data is what an action takes or gives.
type Data struct {
	Shape string
	Pos   token.Position
}

// Undo says what can be undone of an action.
type Undo uint8

const (
	NoUndo      Undo = iota // nothing
	UndoKnown               // what has an output
	UndoUnknown             // what has one, and what nobody knows the outcome of
)

// Policy is a saga.Policy. Zero stands for the default.
type Policy struct {
	Timeout time.Duration
	// MaxAttempts is zero if it isn't given.
	MaxAttempts int
	Backoff     time.Duration
	Limit       int
	Pos         token.Position
}

// Saga is a saga that a file declares.
type Saga struct {
	Name string
	Pos  token.Position
	// DAG is the Go name of the function that returns it.
	DAG string
	// Params is the Go type of the parameters.
	Params string
	Nodes  []*Node
	// Outputs are the Go types of the nodes' outputs in the generated result, by the nodes' names.
	Outputs map[string]string
}

// Node is a node of a saga. Subsagas aren't expanded.
type Node struct {
	Kind  NodeKind
	Name  string
	Pos   token.Position
	After []int // the nodes that it runs directly after, ascending

	// Of an action.

	Label    string
	Action   Ref
	Bindings []Binding

	// Of a constant.

	Value string // the Go expression

	// Of a subsaga.

	Subsaga    Ref
	ParamsFrom string
}

// NodeKind is what a node is.
type NodeKind uint8

// The kinds of nodes.
const (
	NodeAction NodeKind = iota
	NodeConstant
	NodeSubsaga
)

// Ref is a Go name, maybe of another package.
type Ref struct {
	Package string // as the file calls it; empty if it's the file's own
	Path    string // its import path
	Name    string
}

func (r Ref) String() string {
	if r.Package == "" {
		return r.Name
	}
	return r.Package + "." + r.Name
}

// Binding says what an input of a node is.
type Binding struct {
	Input string
	From  string // a node, or params
}

// params stands for the parameters of the saga as the source of an input. No node has that name.
const params = ""

// prefix is what the names of the file's actions begin with, as in "trip."; empty if it has none.
func (f *File) prefix() string {
	if len(f.Actions) == 0 {
		return ""
	}
	name := f.Actions[0].Name
	return name[:strings.LastIndexByte(name, '.')+1]
}

// in returns the file of that package, or nil.
func (v *Version) in(dir string) *File {
	for _, f := range v.Files {
		if f.Dir == dir {
			return f
		}
	}
	return nil
}

// action returns the action of that name, or nil.
func (v *Version) action(name string) *Action {
	for _, f := range v.Files {
		for _, a := range f.Actions {
			if a.Name == name {
				return a
			}
		}
	}
	return nil
}

// actionOf returns the action that a name in f stands for, or nil if it isn't known.
func (v *Version) actionOf(f *File, r Ref) *Action {
	if f = v.owner(f, r); f == nil {
		return nil
	}
	i := slices.IndexFunc(f.Actions, func(a *Action) bool { return a.Constant == r.Name })
	if i < 0 {
		return nil
	}
	return f.Actions[i]
}

// sagaOf returns the saga that a name in f stands for, and its file, or nil if it isn't known.
func (v *Version) sagaOf(f *File, r Ref) (*File, *Saga) {
	if f = v.owner(f, r); f == nil {
		return nil, nil
	}
	i := slices.IndexFunc(f.Sagas, func(s *Saga) bool { return s.DAG == r.Name })
	if i < 0 {
		return nil, nil
	}
	return f, f.Sagas[i]
}

// owner returns the file that declares what a name in f stands for, or nil if it isn't known.
func (v *Version) owner(f *File, r Ref) *File {
	if r.Package == "" {
		return f
	}
	for _, other := range v.Files {
		if other.ImportPath == r.Path && r.Path != "" {
			return other
		}
	}
	return nil
}

// actionName returns how the action of a node is called in logs, or in the file if that isn't known.
func (v *Version) actionName(f *File, n *Node) string {
	if a := v.actionOf(f, n.Action); a != nil {
		return a.Name
	}
	return n.Action.String()
}

// output returns the shape of the output of a node, empty if it isn't known.
func (v *Version) output(f *File, n *Node) string {
	switch n.Kind {
	case NodeAction:
		if a := v.actionOf(f, n.Action); a != nil {
			return a.Output.Shape
		}
	case NodeSubsaga:
		if inner, s := v.sagaOf(f, n.Subsaga); s != nil {
			return v.output(inner, s.Nodes[len(s.Nodes)-1])
		}
	}
	return ""
}

// checkSubsagas returns a *ReadError if a saga is in itself, which sagagen doesn't write.
func (v *Version) checkSubsagas() error {
	const (
		open = iota + 1
		done
	)
	state := map[*Saga]int{}
	var visit func(f *File, s *Saga) error
	visit = func(f *File, s *Saga) error {
		state[s] = open
		for _, n := range s.Nodes {
			if n.Kind != NodeSubsaga {
				continue
			}
			g, inner := v.sagaOf(f, n.Subsaga)
			switch {
			case inner == nil || state[inner] == done:
			case state[inner] == open:
				return &ReadError{n.Pos, fmt.Sprintf("the saga %q is in itself", inner.Name) + byHand}
			default:
				if err := visit(g, inner); err != nil {
					return err
				}
			}
		}
		state[s] = done
		return nil
	}
	for _, f := range v.Files {
		for _, s := range f.Sagas {
			if state[s] != done {
				if err := visit(f, s); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// node returns the node of that name, or nil.
func (s *Saga) node(name string) *Node {
	for _, n := range s.Nodes {
		if n.Name == name {
			return n
		}
	}
	return nil
}

// ancestor returns the node of that name if it always ends before n starts, or nil.
func (s *Saga) ancestor(n *Node, name string) *Node {
	seen := map[int]bool{}
	for next := slices.Clone(n.After); len(next) > 0; {
		i := next[len(next)-1]
		next = next[:len(next)-1]
		if seen[i] {
			continue
		}
		seen[i] = true
		if s.Nodes[i].Name == name {
			return s.Nodes[i]
		}
		next = append(next, s.Nodes[i].After...)
	}
	return nil
}
