// Package model has the types that describe an annotated package once it is
// checked: its actions, its sagas and their nodes. Package check builds them,
// and the emitter and package inspect read them.
package model

import (
	"go/token"
	"go/types"

	"github.com/sagagen/sagagen/gen/internal/directive"
)

// Package is an annotated package whose inputs are bound: all that the emitter
// needs. Everything in it is ordered, so the output depends on the sources
// alone.
type Package struct {
	// Path is the import path, Name the name in the package clause.
	Path, Name string
	// Dir is the folder of its files.
	Dir string
	// Prefix is the first part of the logged names of the actions and of the
	// name of the generated file: the package's name, or for a package main its
	// folder's.
	Prefix string
	// Types is the package as the type checker sees it.
	Types *types.Package
	// Fset resolves the positions in the model.
	Fset *token.FileSet
	// App is the type of the application context: a pointer, a named type or an
	// interface. It is nil if no action uses one.
	App types.Type
	// Actions are sorted by name.
	Actions []*Action
	// Sagas are sorted by name.
	Sagas []*Saga
}

// Action is a do function with its undo function.
type Action struct {
	Name  string // as in the directive: "payment"
	Label string // the label argument; without one, the name
	// Do is not nil. Undo is nil for an action with the word noundo.
	Do, Undo *Func
	// Inputs are the inputs of Do, in the order of its parameters, followed by
	// those that only Undo has. Their names differ.
	Inputs []*Input
	// Output is the output type of Do; nil if it returns only an error.
	Output types.Type
	// ImportPath and PackageName belong to the package that declares the
	// action. They are empty if that is the package being generated.
	ImportPath, PackageName string
}

// Func is an annotated function or method.
type Func struct {
	Name string
	// Object is the function itself, for its signature and its receiver.
	Object *types.Func
	// Args are the arguments for the parameters, in order, without the
	// receiver.
	Args []Arg
	// Policy is what the directive's timeout, attempts, backoff and limit say.
	Policy directive.Policy
}

// Arg is the argument for one parameter of an annotated function.
type Arg struct {
	Kind  ArgKind
	Input *Input // for ArgInput
}

// ArgKind is the source of an argument.
type ArgKind int

// The kinds of arguments.
const (
	ArgContext       ArgKind = iota // context.Context
	ArgActionContext                // saga.ActionContext
	ArgApp                          // the application context, as a parameter
	ArgInput                        // an input, which each node binds
	ArgOutput                       // in an undo: the output of the do
	ArgOutputPointer                // in an undo: a pointer to the output, nil if it is unknown
)

// Input is a named, typed input of an action.
type Input struct {
	Name string // the parameter's name; without one, a name derived from the type
	Type types.Type
}

// Saga is a DAG declared on its parameter type.
type Saga struct {
	Name string // "book-trip"
	// Params is the annotated type.
	Params *types.TypeName
	// Nodes are in topological order: a node comes after those that it runs
	// after.
	Nodes []*Node
	// Stages are the same nodes, grouped into stages, if append directives
	// placed all of them. Otherwise Stages is nil, and Node.After has the
	// edges.
	Stages [][]*Node
	// Output is the output type of the last node; nil if it has none.
	Output types.Type
	// ImportPath and PackageName are as in Action.
	ImportPath, PackageName string
}

// Node is a node of a Saga.
type Node struct {
	Name string
	Kind NodeKind
	// After lists the nodes that this one runs directly after.
	After []*Node
	// Output is the type of the output; nil if the node has none.
	Output types.Type

	// Action is the action that a NodeAction runs. Bindings bind its inputs, in
	// the order of Action.Inputs.
	Action   *Action
	Bindings []Binding

	// Constant is the package-level object that has the value of a
	// NodeConstant. A function is called.
	Constant types.Object

	// Subsaga is the saga that a NodeSubsaga runs. Its parameters are the
	// output of ParamsFrom.
	Subsaga    *Saga
	ParamsFrom *Node

	// Pos is the position of the argument that places the node.
	Pos token.Pos
}

// NodeKind is the kind of a node.
type NodeKind int

// The kinds of nodes.
const (
	NodeAction NodeKind = iota
	NodeConstant
	NodeSubsaga
)

// Binding is the source of one input of a node: the output of the node From, or
// the saga's parameters if From is nil.
type Binding struct {
	Input *Input
	From  *Node
}

// GeneratedName is a name that the generated file declares or relies on: a
// package-level declaration, a method of a generated type as in
// "BookTripResult.Payment", or a predeclared identifier. The package doesn't
// compile if a name is declared twice, by the file or by hand.
type GeneratedName struct {
	Name string
	// What describes the declaration, as in `the constant for the name of
	// action "payment"`.
	What string
	// Action, Saga and Node are what the name is derived from, if anything.
	Action *Action
	Saga   *Saga
	Node   *Node
	// Predeclared says that the file uses the name and doesn't declare it.
	Predeclared bool
}
