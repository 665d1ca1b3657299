// Package check builds the model of a package from its directives and its
// types, and reports every mistake that prevents this. It takes a loaded
// package and the directives that package annotation has collected. It returns
// a model.Package in which every input of every node is bound; or nil, if it
// has reported anything. It relies on package load for types and type errors of
// the hand-written files, and on package jsonshape for the rules of what can be
// stored. Syntax errors in directives have been reported before.
//
// [Files] reports mistakes in the files of a package as such. [Run.Check] then
// works in this order, and each step uses the results of the steps before:
//
//  1. functions: the application context, and the signature of each annotated
//     function
//  2. actions: pairs of a do and an undo function
//  3. inputs: the role of each parameter
//  4. nodes: the nodes of each saga, what each runs, and what it runs after
//  5. subsagas: the sagas that they run; a saga must not contain itself
//  6. outputs: the output type of each node and each saga
//  7. bindings: the source of each input; each saga must end in one node
//  8. names: actions with one logged name, names of the generated file
//
// The model of an imported package, whose actions and sagas can be used, is
// built by the same steps, from its directives and its export data. The
// diagnostics of that model are dropped.
//
// # Consequences of mistakes
//
// One mistake is reported once, although several checks depend on it. So a part
// that was reported is marked, and a check that depends on a marked part
// reports nothing:
//
//   - broken: the signature of a function, or the inputs or the output of an
//     action, are wrong.
//   - unknown: what a node runs is not known, so neither is its output. A saga
//     that ends in such a node has outputUnknown.
//   - edgesBroken, edgeMissing: the edges of a saga are wrong, so the ancestors
//     of its nodes are not known.
//   - Incomplete, and the dropped directives of package annotation: directives
//     are missing that may have declared the action, the node or the saga that
//     a check didn't find.
//   - withheld: the mistake is in another package, which reports it in the same
//     run.
//
// A mistake without such a mark that comes up at several places, such as a type
// that can't be stored, goes through firstReport.
package check
