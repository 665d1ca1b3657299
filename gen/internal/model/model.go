package model

import (
	"go/token"
	"go/types"

	"github.com/sagagen/sagagen/gen/internal/directive"
)

// Package is one annotated package, checked and bound: all that emit needs. Everything in
// it is ordered, so that the output depends on nothing but the sources.
type Package struct {
	// Path is the import path, Name the name in the package clause.
	Path, Name string
	// Dir is the folder of its files.
	Dir string
	// Prefix begins the names of the package's actions and of its generated file: the
	// package's name, or for a package main that of its folder.
	Prefix string
	// Types is where the types below are declared; emit qualifies names relative to it.
	Types *types.Package
	// Fset says where in the sources the positions of the model are.
	Fset *token.FileSet
	// App is the type of the application context, always a pointer, a named type or an
	// interface; nil if no action uses one.
	App types.Type
	// Actions are sorted by name.
	Actions []*Action
	// Sagas are sorted by name.
	Sagas []*Saga
}

// Action is a do function with its undo function.
type Action struct {
	Name  string // as in the directive: "payment"
	Label string // the label argument, or else the name
	// Do is never nil. Undo is nil for an action that says noundo.
	Do, Undo *Func
	// Inputs are what Do and Undo take together, in the order of Do's parameters and
	// then of Undo's. One name has one type.
	Inputs []*Input
	// Output is what Do returns beside the error; nil if nothing.
	Output types.Type
	// ImportPath and PackageName are those of the package that declares the action;
	// empty if it is the one being generated.
	ImportPath, PackageName string
}

// Func is an annotated function or method.
type Func struct {
	Name string
	// Object is the function itself, for its signature and its receiver.
	Object *types.Func
	// Args says what each parameter is bound to, in order. The receiver isn't in it.
	Args []Arg
	// Policy is what the directive's timeout, attempts, backoff and limit say.
	Policy directive.Policy
}

// Arg is what one parameter of an annotated function is given.
type Arg struct {
	Kind  ArgKind
	Input *Input // for ArgInput
}

// ArgKind says where an argument comes from.
type ArgKind int

// The kinds of arguments.
const (
	ArgContext       ArgKind = iota // context.Context
	ArgActionContext                // saga.ActionContext
	ArgApp                          // the application context, as a parameter
	ArgInput                        // an input, bound to a node or the parameters by each saga
	ArgOutput                       // of an undo: the output of its do
	ArgOutputPointer                // of an undo: the same, nil if it is unknown
)

// Input is a named, typed input of an action.
type Input struct {
	Name string // the parameter's name, or one made of the type's if it has none
	Type types.Type
}

// Saga is a DAG declared on its parameter type.
type Saga struct {
	Name string // "book-trip"
	// Params is the annotated type.
	Params *types.TypeName
	// Nodes are in an order in which every node stands behind those that it runs after.
	Nodes []*Node
	// Stages holds the same nodes as stages if all of them were placed by append
	// directives; it is nil otherwise, and then each node's After tells its edges.
	Stages [][]*Node
	// Output is the last node's; nil if that has none.
	Output types.Type
	// ImportPath and PackageName are as an Action's.
	ImportPath, PackageName string
}

// Node is a node of a Saga.
type Node struct {
	Name string
	Kind NodeKind
	// After lists the nodes that this one runs directly after.
	After []*Node
	// Output is nil for a node that has none.
	Output types.Type

	// Action is what a NodeAction runs, with Bindings, one an input of the action, in
	// the order of its Inputs.
	Action   *Action
	Bindings []Binding

	// Constant is the package-level object whose value a NodeConstant has. A func is called.
	Constant types.Object

	// Subsaga is what a NodeSubsaga runs. ParamsFrom is the node that its parameters come from.
	Subsaga    *Saga
	ParamsFrom *Node

	// Pos is the argument that placed the node.
	Pos token.Pos
}

// NodeKind says what a node does.
type NodeKind int

// The kinds of nodes.
const (
	NodeAction NodeKind = iota
	NodeConstant
	NodeSubsaga
)

// Binding says where one input of a node comes from: the output of another node, or if
// From is nil the saga's parameters.
type Binding struct {
	Input *Input
	From  *Node
}

// GeneratedName is a name that the generated file declares for the whole package, a method of
// a generated type as in "BookTripResult.Payment", or a predeclared identifier that the file
// relies on. Two of one name, or a hand-written declaration of one, can't be compiled.
type GeneratedName struct {
	Name string
	// What tells what has the name, as in `the constant for the name of action "payment"`.
	What string
	// Action, Saga and Node are what the name comes from, as far as it comes from one.
	Action *Action
	Saga   *Saga
	Node   *Node
	// Predeclared says that it isn't declared by the file, but used.
	Predeclared bool
}
