package naming

import (
	"go/token"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// initialisms are written in capitals throughout.
var initialisms = map[string]bool{
	"api": true, "cpu": true, "db": true, "dns": true, "http": true, "https": true, "id": true,
	"ip": true, "json": true, "sql": true, "ssh": true, "tls": true, "uri": true, "url": true,
	"uuid": true, "vm": true,
}

// GoName makes an exported Go name of the name of an action, a node or a parameter:
// "instance_id" becomes "InstanceID".
func GoName(name string) string {
	var b strings.Builder
	for _, word := range strings.FieldsFunc(name, func(r rune) bool { return r == '_' || r == '-' }) {
		b.WriteString(Capitalized(word))
	}
	if token.IsExported(b.String()) {
		return b.String()
	}
	return "X" + b.String() // of a parameter in a script without capitals
}

// Unique returns name, or if that is taken the first of name2, name3, … that isn't.
func Unique(name string, taken func(string) bool) string {
	candidate := name
	for n := 2; taken(candidate); n++ {
		candidate = name + strconv.Itoa(n)
	}
	return candidate
}

// Capitalized makes a word the first or a further part of an exported name.
func Capitalized(word string) string {
	if initialisms[strings.ToLower(word)] {
		return strings.ToUpper(word)
	}
	return UpperFirst(word)
}

func UpperFirst(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[size:]
}

// LowerFirst makes an exported name unexported: "HTTPClient" becomes "httpClient".
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

// IdentOf makes a parameter name of an action's name.
func IdentOf(name string) string { return LowerFirst(GoName(name)) }
