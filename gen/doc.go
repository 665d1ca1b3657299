// Package gen reads Go packages whose functions are annotated as the steps of sagas, proves that
// every step gets what it takes, and writes the code that registers and runs them. It is what the
// command sagagen runs: [Generate] is all of it, [Check] all but the writing, [Analyze] what says if the
// sources are right. [CheckUnit] is Check for a package that is read already, as go vet has it: see package vet below.
//
// This comment is the definition of the directives. docs/directives.md teaches them by example.
//
// # Directives
//
// A directive is a line comment that begins with //saga: and the directive's name, in the
// doc comment of the declaration that it describes:
//
//	//saga:do payment label="ChargeCreditCard" timeout=10s attempts=6
//	func (s *Service) chargeCard(ctx context.Context, trip BookTrip) (PaymentConfirmation, error)
//
// There is no space in front of saga, and none around the colon. Arguments are separated
// by spaces or tabs. One is a word, key=value, or key="value", where the quoted value is a Go string. The
// name, or the first NODE, comes first; the other arguments have no order. A directive is one line, and
// no remark can follow on it. An argument that the directive doesn't take, that is given
// twice or that has no value is an error.
//
// The doc comment of a function is what stands right above it, without a blank line between. That
// of a type is the same; in a group of types, it is what stands right above the type inside the
// group. Directives in the package's test files, in function bodies and on any other
// declaration are errors, as are comments that are almost directives, such as
//
//	// saga:do payment
//	//Saga:do payment
//	//saga: do payment
//
// but not those that begin with a tab, as examples in doc comments do.
//
// Names of actions, nodes and sagas are an ASCII letter, then letters, digits, '_' or '-', and at
// most 64 bytes long. Two names are alike if their letters and digits are, in whatever case:
// instance_id and instanceID. Two actions of a package, or two nodes of a saga, with names that
// are alike are an error.
//
// # Actions
//
//	//saga:do NAME [noundo] [label="TEXT"] [timeout=DURATION] [attempts=N] [backoff=DURATION] [limit=N]
//	//saga:undo NAME [timeout=DURATION] [attempts=N] [backoff=DURATION] [limit=N]
//
// A function or a method with a do directive is an action, and the one with an undo directive
// of the same name undoes it. No action is called noundo. An action has one do. It has one undo, or its do says noundo. A function
// is the do or the undo of one action. It isn't variadic, and neither it nor its receiver
// has type parameters.
//
// A do function returns (T, error) or error, where T is the action's output. An undo
// function returns error.
//
// The label is for people and defaults to the name. The timeout bounds one attempt. attempts is
// how many attempts are made at most, 1 or more, and backoff the pause before the second. limit is how many calls of the function run at once in a coordinator, for all sagas
// together, 1 or more. Durations are as [time.ParseDuration] reads them, and above zero. The
// runtime's documentation says what holds where they aren't given.
//
// # Parameters
//
// A parameter of a do or an undo function is one of these:
//
//   - a context.Context, which is the first parameter
//   - a saga.ActionContext of the runtime, once at most
//   - the application context, once at most, the receiver included
//   - in an undo, what the do returned: the action's own output
//   - an input
//
// The application context is what the actions of a package work with, such as clients of other
// services. Its type is that of the receivers of the annotated methods: all are methods of one
// type. It is a pointer if any of the receivers is. A package without annotated
// methods has no application context. Nothing of it is stored.
//
// Where T is the output of the do, a parameter of the undo that has type T or *T is the
// action's own output. With T the undo runs only if the output is known. With *T it also undoes a step whose
// outcome is unknown, and then gets nil. If several parameters have one of these types, the
// one whose name is alike the action's name is the output, and the others are inputs. If there
// is only one, it's the output whatever its name; but if that name isn't alike the action's and names an
// input of the do, or in some saga an ancestor, of that same type, or if it has the type of the
// saga's parameters, then what is meant isn't clear, which is an error.
//
// Every other parameter is an input. Inputs of do and undo with names that are alike are one input
// and have one type. A parameter without a name, or called _, is an input that is bound by its type alone.
//
// # Sagas
//
//	//saga:dag NAME
//
// A type with a dag directive is the parameters of a saga of that name. It isn't generic and no
// alias. The following directives stand beside it, in the same doc comment, and say what the saga's
// nodes are. A saga has at least one node. It ends in exactly one: all others run
// before that, and its output is the output of the saga.
//
//	//saga:append NODE…
//	//saga:node NODE [after=NODE,NODE…]
//
// These two place nodes. NODE is a name, or name=action. The node runs the action of that name,
// or if none is given that of its own name. pkg.action is an action of the package that the
// file imports as pkg; an import as _ counts by the package's own name. A node is placed once. In
// the form name=action, the name is none of the keys of directives, such as after.
//
// The nodes of an append run beside each other, after all those placed above that nothing placed above
// runs after yet. If all nodes of a saga are placed by append, that's the nodes of the
// append above, the stage before. A node that is placed by node runs after those that it names, wherever these are
// placed, or at the start if it names none. No node may run after itself, directly or not.
//
//	//saga:constant NODE value=IDENT
//	//saga:subsaga NODE dag=NAME params=NODE
//
// These two define what a node is that isn't an action's; an append or a node places it,
// by its name. Both can stand above or below that. What is defined has to be placed.
//
// The output of a constant is the value of a package-level constant, variable, or function of
// type func() T, in this package or as pkg.IDENT in one that the file imports. It is read once, when the saga's
// DAG is first needed.
//
// A subsaga runs another saga as part of this one and has its output. dag is the name of a saga of
// this package, or as pkg.NAME of one that the file imports. params is a node that runs
// before, and its output has exactly the type of the inner saga's parameters. A
// saga can't contain itself.
//
// # Binding
//
// At every node, every input of its action is bound to the first of these that there is:
//
//  1. the saga's parameters, if the input has exactly their type; it is an error if its name is alike that of an ancestor
//     whose output has that type too
//  2. the ancestor whose name is alike the input's; its output has the input's type, or can be
//     assigned to it and looks the same as JSON
//  3. the only ancestor whose output has exactly the input's type
//
// An ancestor is a node that is sure to have run before: it is placed in a stage before,
// named by an after, or an ancestor of such a node. Only those that have an output count. That nothing gives an
// input, or several ancestors do, is an error. Inside a subsaga, the inner saga's own nodes and
// parameters count and nothing else; outside of it, only its output does.
//
// # Data
//
// Parameters, inputs, outputs and constants are stored as encoding/json writes them, so that they
// must be readable from that again. Channels, functions, complex numbers, interfaces other than
// any, structs without a field that encoding/json sees, and types that can encode but not
// decode themselves are errors, wherever they are inside. So is a field of the package's own structs that isn't
// exported, unless it is tagged json:"-": it may be lost then.
//
// # Other packages
//
// An action that another package uses has an exported do and an exported undo; if these are methods,
// their type is exported too. A saga that another package uses has an exported parameter
// type. Their outputs are of types that the other package can write.
//
// # The generated file
//
// It is called after the package, trip_saga_gen.go; in a package main after its folder. All that it
// declares is named after the annotated types and the actions. Where one of
// its names is taken by a hand-written declaration, or would be declared twice, that is an error.
// So is a file of an earlier run that is generated no more, as the package has another name since, or
// no directives: nothing is deleted.
//
// Only annotated declarations have to compile before the file is there. Other code may use
// what is going to be generated. What an earlier run has written never matters, whether it is out of date, emptied,
// or full of conflict markers.
//
// # Diagnostics
//
// All mistakes of all packages are reported in one run, each once, at the argument or the
// parameter concerned, with a code that stays the same: see [Code] and [Explain]. A package with a mistake
// keeps the generated file that it has.
package gen
