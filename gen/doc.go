// Package gen reads Go packages whose functions are annotated as the steps of
// sagas, checks that every step gets its inputs, and writes the code that
// registers and runs them. The command sagagen is a thin layer over it.
//
// [Generate] runs the whole pipeline: load, parse, model, check, emit, write.
// [Check] stops before writing, and [Analyze] before emitting. [CheckPass] runs
// the checks on a package that a driver such as go vet has loaded; package vet
// wraps it as an analyzer.
//
// This comment specifies the directives. docs/directives.md teaches them by
// example.
//
// # Directives
//
// A directive is a line comment that begins with //saga: followed by the name
// of the directive. It belongs to the declaration whose doc comment contains
// it:
//
//	//saga:do payment label="ChargeCreditCard" timeout=10s attempts=6
//	func (s *Service) chargeCard(ctx context.Context, trip BookTrip) (PaymentConfirmation, error)
//
// No space may precede saga or surround the colon. Arguments are separated by
// spaces or tabs. An argument is a word, key=value, or key="value", where the
// quoted value is a Go string literal. The name, or the first NODE, comes
// first; the other arguments may be in any order. A directive takes one line,
// and no comment may follow it. It is an error to give an argument that the
// directive doesn't take, to give one twice, or to give one without a value.
//
// The doc comment of a function or a type is the comment directly above it,
// without a blank line between them. In a group of types, it is the comment
// directly above the type, inside the parentheses. Directives in test files, in
// function bodies and on other declarations are errors. So are comments that
// are almost directives, such as
//
//	// saga:do payment
//	//Saga:do payment
//	//saga: do payment
//
// A comment line that begins with a tab, as examples in doc comments do, is not
// a directive.
//
// The name of an action, a node or a saga is an ASCII letter followed by
// letters, digits, '_' or '-', with at most 64 bytes. Two names match if they
// have the same letters and digits, ignoring case: instance_id matches
// instanceID. It is an error if two actions of a package, or two nodes of a
// saga, have names that match.
//
// # Actions
//
//	//saga:do NAME [noundo] [label="TEXT"] [timeout=DURATION] [attempts=N] [backoff=DURATION] [limit=N]
//	//saga:undo NAME [timeout=DURATION] [attempts=N] [backoff=DURATION] [limit=N]
//
// A function or method with a do directive is an action. The function or method
// with the undo directive of the same name undoes it. An action has exactly one
// do. It has either one undo, or the word noundo on its do. A function is the
// do or the undo of one action only. It isn't variadic, and neither the
// function nor its receiver has type parameters. No action is named noundo.
//
// A do function returns (T, error) or error, where T is the output of the
// action. An undo function returns error.
//
// The label is a description for people; it defaults to the name. The timeout
// limits one attempt. attempts is the maximum number of attempts, at least 1.
// backoff is the wait before the second attempt. limit is the maximum number of
// concurrent calls of the function in one coordinator, over all sagas, at least
// 1. Durations have the format of [time.ParseDuration] and are greater than
// zero. The defaults are documented with Policy in package runtime.
//
// # Parameters
//
// Each parameter of a do or an undo function is one of these:
//
//   - a context.Context, only as the first parameter
//   - a saga.ActionContext of the runtime, at most once
//   - the application context, at most once, counting the receiver
//   - in an undo, the action's own output
//   - an input
//
// The application context holds what the actions of a package need to do their
// work, such as clients of other services. Its type is the type of the
// receivers of the annotated methods: all of them are methods of one type. It
// is a pointer if any of these receivers is. A package without annotated
// methods has no application context. The application context is not stored.
//
// Let T be the output type of the do. A parameter of the undo with type T or *T
// is the action's own output. An undo that takes T is called only if the output
// is known. An undo that takes *T is also called if the outcome of the do is
// unknown; the pointer is nil then. If several parameters have one of these
// types, the own output is the one whose name matches the action's name, and
// the others are inputs. If only one parameter has such a type, it is the own
// output, whatever its name. It is an error, however, if its name doesn't match
// the action's name and the parameter could also be an input: if an input of
// the do, or an ancestor of the node in some saga, has that name and type, or
// if the saga's parameters have that type.
//
// Every other parameter is an input. Inputs of the do and the undo whose names
// match are the same input and must have the same type. A parameter that has no
// name, or is named _, is an input that is bound by its type alone.
//
// # Sagas
//
//	//saga:dag NAME
//
// A type with a dag directive is the parameter type of the saga with that name.
// It is neither generic nor an alias. The following directives define the nodes
// of the saga, in the same doc comment. A saga has at least one node. It has
// exactly one last node, which runs after all others. The output of this node
// is the output of the saga.
//
//	//saga:append NODE…
//	//saga:node NODE [after=NODE,NODE…]
//
// These directives place nodes. NODE is a name, or name=action. The node runs
// the named action; without =action, it runs the action of its own name.
// pkg.action is an action of the package that the file imports as pkg; a blank
// import counts under the package's own name. A node is placed once. In the
// form name=action, the name can't be the key of an argument, such as after.
//
// The nodes of an append run in parallel. They run after the last nodes of
// those placed above them, which are the nodes that none of the others runs
// after. If a saga uses append only, these are the nodes of the previous
// append: the previous stage. A node that is placed by a node directive runs
// after the nodes that it names, wherever they are placed, or at the start if
// it names none. Cycles are errors.
//
//	//saga:constant NODE value=IDENT
//	//saga:subsaga NODE dag=NAME params=NODE
//
// These directives define nodes that don't run an action. An append or a node
// directive, above or below, places them by name. A defined node must be
// placed.
//
// The output of a constant is the value of a package-level constant, a
// package-level variable, or a function of type func() T, in this package or,
// as pkg.IDENT, in an imported one. It is read once, when the DAG of the saga
// is first needed.
//
// A subsaga runs another saga as part of this one; its output is the output of
// that saga. dag is the name of a saga of this package or, as pkg.NAME, of an
// imported one. params is a node that runs before; the type of its output is
// the parameter type of the inner saga. A saga can't contain itself.
//
// # Binding
//
// At each node, each input of the action is bound to the first match of these:
//
//  1. the saga's parameters, if the input has exactly their type; it is an
//     error if the input's name matches the name of an ancestor whose output
//     has that type too
//  2. the ancestor whose name matches the input's name; its output has the
//     input's type, or is assignable to it and has the same JSON
//  3. the only ancestor whose output has exactly the input's type
//
// An ancestor is a node that has always run before: it is placed in an earlier
// stage, named in after, or an ancestor of such a node. Only ancestors with an
// output count. It is an error if no match exists, or if several ancestors
// match the third rule. Inside a subsaga, only the inner saga's own nodes and
// parameters count; outside it, only its output does.
//
// # Data
//
// Parameters, inputs, outputs and constants are stored as encoding/json encodes
// them, so encoding/json must be able to decode them again. Channels,
// functions, complex numbers, interfaces other than any, structs without a
// field that encoding/json encodes, and types that can encode but not decode
// themselves are errors, at any depth. So is an unexported field of one of the
// package's own structs, since encoding/json drops it, unless it is tagged
// json:"-".
//
// # Other packages
//
// An action that another package uses has an exported do and an exported undo.
// If they are methods, their type is exported too. A saga that another package
// uses has an exported parameter type. The other package must be able to name
// the types of their outputs.
//
// # The generated file
//
// The file is named after the package, as in trip_saga_gen.go; in a package
// main, after its folder. The names of its declarations are derived from the
// annotated types and the actions. It is an error if one of them is already
// declared, or would be declared twice. It is also an error if a generated file
// is left over because the package has a new name or no longer has directives:
// sagagen deletes no files.
//
// Before the file exists, only the annotated declarations have to compile.
// Other code may use the declarations that will be generated. The present
// content of the generated file never matters, whether it is out of date, empty
// or full of conflict markers.
//
// # Diagnostics
//
// One run reports all mistakes in all packages, each once, at the position of
// the argument or parameter concerned, with a stable code: see package diag. If
// a package has a mistake, its generated file is left unchanged.
package gen
