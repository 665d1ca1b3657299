package saga

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"reflect"
)

// Secret holds a value that is not shown: a card number, a token. Package fmt with any verb, log/slog, encoding/json and what else
// asks a value for its text get "[redacted]". Only Reveal returns the value.
//
// In parameters, outputs and constants, at any depth, a Secret keeps its value: the runtime writes it to the store as
// {"$secret":…}, and the next action gets it. What this package shows of such data to people is redacted, and Redact does that for
// others. The JSON of a SagaDAG and of a Log is not: it is what is stored. The store has the value in the clear unless payloads are
// encrypted; see package runtime/store/codec. In an error that an action returns, a Secret comes back empty.
//
// A Secret also reads the plain JSON of its value, so that a request may be decoded into parameters. It does not read "[redacted]".
//
// There are ways around it: a debugger, a printer that follows all pointers in unexported fields as those of test tools do, and a method
// MarshalJSON of yours that calls Reveal.
//
// One Secret loses its value: one in an interface (an any, say) in a type that has a MarshalJSON or MarshalText of its own. The runtime doesn't look
// there, so "[redacted]" is stored, which then can't be read. Give the field the Secret's type.
type Secret[T any] struct {
	_ [0]func() // no ==, which would compare the pointers
	// value is behind two pointers because fmt calls no methods of what is in an unexported field, and there follows one pointer if the
	// verb doesn't fit. It is nil in the zero Secret, and what it points to never changes.
	value **T
	// opened makes MarshalJSON write the value. It is set only in copies that the runtime makes in order to encode them.
	opened bool
}

const (
	redacted     = "[redacted]"
	redactedJSON = `"` + redacted + `"`
	secretMember = "$secret"
)

// NewSecret returns a Secret that holds the value.
func NewSecret[T any](value T) Secret[T] { return secretAt(&value) }

func secretAt[T any](value *T) Secret[T] { return Secret[T]{value: &value} }

// Reveal returns the value; that of the zero Secret is T's zero value.
func (s Secret[T]) Reveal() T {
	if s.value == nil {
		var zero T
		return zero
	}
	return **s.value
}

// IsZero reports whether the value is T's zero value. The option omitzero of encoding/json asks for it.
func (s Secret[T]) IsZero() bool { return s.value == nil || reflect.ValueOf(*s.value).Elem().IsZero() }

// String returns "[redacted]".
func (s Secret[T]) String() string { return redacted }

// GoString returns "[redacted]".
func (s Secret[T]) GoString() string { return redacted }

// Format implements fmt.Formatter: it writes "[redacted]", whatever the verb.
func (s Secret[T]) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, redacted) }

// LogValue implements slog.LogValuer with "[redacted]".
func (s Secret[T]) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText implements encoding.TextMarshaler with "[redacted]".
func (s Secret[T]) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalJSON implements json.Marshaler with "[redacted]", except where the runtime encodes parameters, outputs and constants.
func (s Secret[T]) MarshalJSON() ([]byte, error) {
	if !s.opened {
		return []byte(redactedJSON), nil
	}
	value := new(T)
	if s.value != nil {
		value = *s.value
	}
	encoded, err := encodeData(value)
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(nil, `{"%s":%s}`, secretMember, encoded), nil
}

// open returns a copy that is opened; see secretOpening.
func (s Secret[T]) open() any {
	s.opened = true
	return s
}

var errRedacted = errors.New("a secret was redacted when it was encoded, and can't be had back: give it its value")

// UnmarshalJSON implements json.Unmarshaler. It reads what the runtime has written, and the plain JSON of a T. Its errors don't
// tell what it read.
func (s *Secret[T]) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		return nil
	}
	text = unmarkSecret(text)
	if string(text) == redactedJSON {
		return errRedacted
	}
	value := new(T)
	if err := json.Unmarshal(text, value); errors.Is(err, errRedacted) {
		return err
	} else if err != nil {
		return fmt.Errorf("the JSON of a secret is not that of a %s", reflect.TypeFor[T]())
	}
	*s = secretAt(value)
	return nil
}

// unmarkSecret returns what the only member of {"$secret":…} is, and any other text as it is.
func unmarkSecret(text []byte) []byte {
	if !bytes.HasPrefix(text, []byte("{")) || !mayHoldSecret(text) {
		return text
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(text, &object); err != nil || len(object) != 1 || object[secretMember] == nil {
		return text
	}
	return object[secretMember]
}
