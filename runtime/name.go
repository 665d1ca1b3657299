package saga

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Name names a kind of saga, such as "book-trip". Many sagas may have the same
// name.
type Name string

// NodeName names a node. It is unique among the nodes of its DAG. Each subsaga
// has its own name space.
type NodeName string

// ActionName names an action. It is unique in a Registry. DAGs record it, and a
// coordinator that recovers a saga finds the code of a node by it.
type ActionName string

// NodePath identifies a node in a whole saga: the name of the node, prefixed by
// the names of the enclosing subsagas, as in "server_alloc/server_id".
type NodePath string

// maxNameLen bounds the length of names in bytes, so log lines stay readable.
const maxNameLen = 128

// FromParams as the source of an input means the parameters of the saga; inside
// a subsaga, those of the subsaga. No node can have this name.
const FromParams NodeName = "$params"

func validName[N ~string](n N) error {
	s := string(n)
	switch {
	case s == "":
		return errors.New("it is empty")
	case len(s) > maxNameLen:
		return fmt.Errorf("%.16q… is %d bytes long, the limit is %d", s, len(s), maxNameLen)
	case strings.ContainsAny(s, "/$"):
		return fmt.Errorf("%q contains %q, which is reserved", s, s[strings.IndexAny(s, "/$")])
	}
	return validText(s)
}

// validText checks names and labels: they must be one printable line that JSON
// preserves.
func validText(s string) error {
	if !utf8.ValidString(s) {
		return fmt.Errorf("%q is not valid UTF-8", s)
	}
	if i := strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }); i >= 0 {
		return fmt.Errorf("%q contains an unprintable character at byte %d", s, i)
	}
	return nil
}
