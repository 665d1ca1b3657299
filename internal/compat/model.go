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

// File is the content of a generated file.
type File struct {
	// Dir is the directory of the package, with slashes. Files of two versions
	// with the same Dir belong to the same package.
	Dir string
	// ImportPath is the import path of the package, or "" if it isn't known.
	ImportPath string
	// Imports are the import paths of the packages that the file imports.
	Imports []string
	// Pos is the position of the package clause.
	Pos     token.Position
	Actions []*Action // in the order of the file
	Sagas   []*Saga   // in the order of the file
}

// Action is an action that a file declares.
type Action struct {
	Name     string // the name in the registry and in logs
	Constant string // the Go name of the constant that holds Name
	Pos      token.Position
	Inputs   map[string]Data
	Output   Data // shape.Null if there is no output

	Undo                 Undo
	UndoPos              token.Position // Pos if there is no undo
	DoPolicy, UndoPolicy Policy
}

// Data is an input or the output of an action.
type Data struct {
	Shape string
	Pos   token.Position
}

// Undo says which outcomes the undo of an action accepts.
type Undo uint8

const (
	NoUndo      Undo = iota // the action has no undo
	UndoKnown               // the undo accepts only known outcomes
	UndoUnknown             // the undo also accepts unknown outcomes
)

// Policy is a saga.Policy. Zero fields stand for the defaults.
type Policy struct {
	Timeout     time.Duration
	MaxAttempts int
	Backoff     time.Duration
	Limit       int
	Pos         token.Position
}

// Saga is a saga that a file declares.
type Saga struct {
	Name string
	Pos  token.Position
	// DAG is the Go name of the function that returns the DAG.
	DAG string
	// Params is the Go type of the parameters.
	Params string
	Nodes  []*Node
	// Outputs maps the names of nodes to the Go types of their outputs in the
	// generated result.
	Outputs map[string]string
}

// Node is a node of a saga. Subsagas aren't expanded.
type Node struct {
	Kind  NodeKind
	Name  string
	Pos   token.Position
	After []int // the indices of the nodes that it runs directly after, ascending

	// Only for an action.

	Label    string
	Action   Ref
	Bindings []Binding

	// Only for a constant.

	Value string // the Go expression

	// Only for a subsaga.

	Subsaga    Ref
	ParamsFrom string
}

// NodeKind is the kind of a node.
type NodeKind uint8

// The kinds of nodes.
const (
	NodeAction NodeKind = iota
	NodeConstant
	NodeSubsaga
)

// Ref is a Go name, possibly in another package.
type Ref struct {
	Package string // the package's name in the file, or "" for the file's own package
	Path    string // the import path of the package
	Name    string
}

func (r Ref) String() string {
	if r.Package == "" {
		return r.Name
	}
	return r.Package + "." + r.Name
}

// Binding is the source of an input of a node.
type Binding struct {
	Input string
	From  string // the name of a node, or params
}

// params is the source of inputs that are the saga's parameters. No node has
// this name.
const params = ""

// prefix returns the common prefix of the action names, such as "trip.". It
// returns "" if the file has no actions.
func (f *File) prefix() string {
	if len(f.Actions) == 0 {
		return ""
	}
	name := f.Actions[0].Name
	return name[:strings.LastIndexByte(name, '.')+1]
}

// file returns the generated file of a package, or nil.
func (v *Version) file(dir string) *File {
	for _, f := range v.Files {
		if f.Dir == dir {
			return f
		}
	}
	return nil
}

// action returns the action with a name, or nil.
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

// actionOf returns the action that a reference in f names, or nil if it isn't
// known.
func (v *Version) actionOf(f *File, r Ref) *Action {
	if f = v.declaringFile(f, r); f == nil {
		return nil
	}
	for _, a := range f.Actions {
		if a.Constant == r.Name {
			return a
		}
	}
	return nil
}

// sagaOf returns the saga that a reference in f names. The result is zero if it
// isn't known.
func (v *Version) sagaOf(f *File, r Ref) declared {
	if f = v.declaringFile(f, r); f == nil {
		return declared{}
	}
	for _, s := range f.Sagas {
		if s.DAG == r.Name {
			return declared{f, s}
		}
	}
	return declared{}
}

// declaringFile returns the file that declares the name of a reference in f, or
// nil if it isn't known.
func (v *Version) declaringFile(f *File, r Ref) *File {
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

// actionName returns the name of a node's action in logs. If the action isn't
// known, it returns the name in the file.
func (v *Version) actionName(f *File, n *Node) string {
	if a := v.actionOf(f, n.Action); a != nil {
		return a.Name
	}
	return n.Action.String()
}

// output returns the shape of the output of a node, or "" if it isn't known.
func (v *Version) output(f *File, n *Node) string {
	switch n.Kind {
	case NodeAction:
		if a := v.actionOf(f, n.Action); a != nil {
			return a.Output.Shape
		}
	case NodeSubsaga:
		if inner := v.sagaOf(f, n.Subsaga); inner.Saga != nil {
			return v.output(inner.file, inner.Nodes[len(inner.Nodes)-1])
		}
	}
	return ""
}

// checkSubsagas returns a *ReadError if a saga contains itself. sagagen doesn't
// generate such sagas.
func (v *Version) checkSubsagas() error {
	checked := map[*Saga]bool{} // false while a saga is being checked
	var check func(s declared) error
	check = func(s declared) error {
		checked[s.Saga] = false
		for _, n := range s.Nodes {
			inner := v.sagaOf(s.file, n.Subsaga) // zero for other nodes
			if inner.Saga == nil {
				continue
			}
			if done, begun := checked[inner.Saga]; begun && !done {
				return &ReadError{n.Pos, fmt.Sprintf("saga %q contains itself", inner.Name) + regenerate}
			} else if done {
				continue
			}
			if err := check(inner); err != nil {
				return err
			}
		}
		checked[s.Saga] = true
		return nil
	}
	for _, f := range v.Files {
		for _, s := range f.Sagas {
			if err := check(declared{f, s}); err != nil {
				return err
			}
		}
	}
	return nil
}

// node returns the node with a name, or nil.
func (s *Saga) node(name string) *Node {
	for _, n := range s.Nodes {
		if n.Name == name {
			return n
		}
	}
	return nil
}

// ancestor returns the node with a name if it always finishes before n starts.
// Otherwise it returns nil.
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
