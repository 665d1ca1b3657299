package typeutil

import "strings"

// MayImport reports whether the go command lets a package import the one of that path, as it is in no folder named internal, or in one whose parent
// has both.
func MayImport(importer, path string) bool {
	elements := "/" + path + "/"
	i := strings.LastIndex(elements, "/internal/")
	if i < 0 {
		return true
	}
	parent := elements[:i+1] // "/" for one of the standard library
	return parent != "/" && strings.HasPrefix("/"+importer+"/", parent)
}
