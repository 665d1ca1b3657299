// Package naming makes Go names of the names of actions, nodes and sagas, and
// formats names and other texts for messages.
package naming

import (
	"go/token"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// initialisms are written in capitals, as in InstanceID.
var initialisms = map[string]bool{
	"api": true, "cpu": true, "db": true, "dns": true, "http": true, "https": true, "id": true,
	"ip": true, "json": true, "sql": true, "ssh": true, "tls": true, "uri": true, "url": true,
	"uuid": true, "vm": true,
}

// GoName returns the exported Go name for the name of an action, a node or a
// parameter: "instance_id" becomes "InstanceID".
func GoName(name string) string {
	var b strings.Builder
	for _, word := range strings.FieldsFunc(name, func(r rune) bool { return r == '_' || r == '-' }) {
		b.WriteString(Capitalized(word))
	}
	if token.IsExported(b.String()) {
		return b.String()
	}
	return "X" + b.String() // a parameter's name, in a script without upper case
}

// Unique returns name, or if that is taken the first of name2, name3, … that is
// not.
func Unique(name string, taken func(string) bool) string {
	candidate := name
	for n := 2; taken(candidate); n++ {
		candidate = name + strconv.Itoa(n)
	}
	return candidate
}

// Capitalized returns a word as it is written inside an exported Go name.
func Capitalized(word string) string {
	if initialisms[strings.ToLower(word)] {
		return strings.ToUpper(word)
	}
	return UpperFirst(word)
}

// UpperFirst returns s with its first letter in upper case.
func UpperFirst(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[size:]
}

// LowerFirst returns the unexported form of a Go name: "HTTPClient" becomes
// "httpClient".
func LowerFirst(s string) string {
	runes := []rune(s)
	for i, r := range runes {
		if !unicode.IsUpper(r) || i > 0 && i+1 < len(runes) && unicode.IsLower(runes[i+1]) {
			break
		}
		runes[i] = unicode.ToLower(r)
	}
	return string(runes)
}

// IdentOf returns the Go parameter name for the name of an action.
func IdentOf(name string) string { return LowerFirst(GoName(name)) }
