package typeutil

import "strings"

// MayImport reports whether the go command allows the package importer to
// import path, given its rule for folders named internal.
func MayImport(importer, path string) bool {
	elements := "/" + path + "/"
	i := strings.LastIndex(elements, "/internal/")
	if i < 0 {
		return true
	}
	parent := elements[:i+1] // "/" for an internal package of the standard library
	return parent != "/" && strings.HasPrefix("/"+importer+"/", parent)
}
