// Package compat tells what changed between two versions of the files that sagagen has written, and what becomes of
// sagas in flight.
//
// Read makes a File of the text of a generated file, without building anything; versions of a repository are read by
// Load. Compare compares two versions, with the rules of docs/versioning.md.
package compat
