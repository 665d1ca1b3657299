// Package compat compares two versions of generated files and reports how the
// changes affect sagas in flight.
//
// Read parses a generated file without building it. Run reads the files of the
// work tree and of a git revision, or of a single base file. Compare compares
// two versions by the rules of docs/versioning.md.
package compat
