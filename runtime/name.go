package saga

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Name names a kind of saga, such as "book-trip". Several sagas of that name may run at a time.
type Name string

// NodeName names a node. It is unique among the nodes of its DAG; a subsaga has a name space of its own.
type NodeName string

// ActionName names an action. It is unique in a Registry, and is logged: after a crash it
// leads from a node to the code that goes on with it.
type ActionName string

// NodePath names a node in a whole saga: the node's name behind those of the subsagas
// that it stands in, as in "server_alloc/server_id".
type NodePath string

// maxNameLen bounds names, in bytes, so that a line of a log stays readable.
const maxNameLen = 128

// FromParams is the source of an input that is the saga's parameters, or inside a subsaga
// that subsaga's parameters. No node can have this name.
const FromParams NodeName = "$params"

func validName[N ~string](n N) error {
	s := string(n)
	switch {
	case s == "":
		return errors.New("it is empty")
	case len(s) > maxNameLen:
		return fmt.Errorf("%.16q… is %d bytes long, the limit is %d", s, len(s), maxNameLen)
	case strings.ContainsAny(s, "/$"):
		return fmt.Errorf("%q contains %q, which separates or marks names", s, s[strings.IndexAny(s, "/$")])
	}
	return validText(s)
}

// validText checks what people are to read, names and labels: it is one line, and the same after a
// round trip through JSON.
func validText(s string) error {
	if !utf8.ValidString(s) {
		return fmt.Errorf("%q is not valid UTF-8", s)
	}
	if i := strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }); i >= 0 {
		return fmt.Errorf("%q contains a character that doesn't print, at byte %d", s, i)
	}
	return nil
}
