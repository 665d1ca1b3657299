package directive

import (
	"errors"
	"fmt"
	"go/token"
	"slices"
	"strings"
)

// Spec is the syntax of one directive.
type Spec struct {
	usage     string
	OnFunc    bool     // it belongs to functions and methods; otherwise to types
	manyNames bool     // it takes several NODEs
	actions   bool     // its NODE may be name=action
	noundo    bool     // it takes the word noundo
	keys      []string // it takes these as key=value
	required  []string // and needs these
}

// Verbs are the names of all directives, in the order of the specification.
var Verbs = []string{"do", "undo", "dag", "append", "node", "constant", "subsaga"}

var Specs = map[string]Spec{
	"do": {
		usage:  `//saga:do NAME [noundo] [label="TEXT"] [timeout=DURATION] [attempts=N] [backoff=DURATION] [limit=N]`,
		OnFunc: true,
		noundo: true,
		keys:   []string{"label", "timeout", "attempts", "backoff", "limit"},
	},
	"undo": {
		usage:  `//saga:undo NAME [timeout=DURATION] [attempts=N] [backoff=DURATION] [limit=N]`,
		OnFunc: true,
		keys:   []string{"timeout", "attempts", "backoff", "limit"},
	},
	"dag": {
		usage: `//saga:dag NAME`,
	},
	"append": {
		usage:     `//saga:append NODE…, where each NODE is name or name=action`,
		manyNames: true,
		actions:   true,
	},
	"node": {
		usage:   `//saga:node NODE [after=NODE,NODE…], where the first NODE is name or name=action`,
		actions: true,
		keys:    []string{"after"},
	},
	"constant": {
		usage:    `//saga:constant NODE value=IDENT`,
		keys:     []string{"value"},
		required: []string{"value"},
	},
	"subsaga": {
		usage:    `//saga:subsaga NODE dag=NAME params=NODE`,
		keys:     []string{"dag", "params"},
		required: []string{"dag", "params"},
	},
}

var keyExamples = map[string]string{
	"label":    `label="ChargeCreditCard"`,
	"timeout":  "timeout=10s",
	"backoff":  "backoff=500ms",
	"attempts": "attempts=6",
	"limit":    "limit=20",
	"after":    "after=hotel,car",
	"value":    "value=DefaultRegion",
	"dag":      "dag=book-trip",
	"params":   "params=trip",
}

// synonyms are the keys of arguments under the names that other systems give
// them, folded. They get no fix, since the values may mean something else: a
// number of retries is one less than a number of attempts.
var synonyms = map[string]string{
	"retry": "attempts", "retries": "attempts", "maxretries": "attempts", "maxattempts": "attempts",
	"delay": "backoff", "wait": "backoff", "interval": "backoff",
	"deadline": "timeout", "ttl": "timeout",
	"concurrency": "limit", "parallel": "limit", "maxconcurrency": "limit",
	"title": "label", "name": "label", "description": "label",
	"needs": "after", "depends": "after", "dependson": "after", "requires": "after",
}

func (f Spec) takes(key string) bool { return slices.Contains(f.keys, key) }

// words are the words and keys that an unknown argument may be a misspelling
// of.
func (f Spec) words() []string {
	if f.noundo {
		return append([]string{"noundo"}, f.keys...)
	}
	return f.keys
}

func (f Spec) nameWord() string {
	if strings.Contains(f.usage, " NODE") {
		return "NODE"
	}
	return "NAME"
}

// maxNameLen is the maximum length of a name, in bytes.
const maxNameLen = 64

// validName returns an error if s isn't a valid name of an action, a node or a
// saga. The error completes a sentence that begins with the name.
func validName(s string) error {
	if len(s) > maxNameLen {
		return fmt.Errorf("is not a valid name: it is longer than %d bytes", maxNameLen)
	}
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if letter || i > 0 && ('0' <= c && c <= '9' || c == '_' || c == '-') {
			continue
		}
		return errors.New("is not a valid name: a name is an ASCII letter followed by ASCII letters, digits, '_' or '-'")
	}
	if s == "" {
		return errors.New("is not a valid name: it is empty")
	}
	return nil
}

func ValidValue(s string) error {
	if err := validIdent(s); err != nil {
		return fmt.Errorf("%w; declare the value as a const, var or func() T, and use its name here", err)
	}
	return nil
}

func validIdent(s string) error {
	if !token.IsIdentifier(s) || s == "_" {
		return errors.New("is not a Go identifier")
	}
	return nil
}
