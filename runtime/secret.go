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

// Secret holds a value that is not displayed, such as a card number or a token.
// All verbs of package fmt, log/slog, and encoding/json show "[redacted]" in
// its place. Only Reveal returns the value.
//
// In parameters, outputs and constants, at any depth, a Secret keeps its value:
// the runtime encodes it as {"$secret":…} for the store, and the next action
// receives it. When this package displays such data, it redacts secrets; Redact
// does that for other programs. The JSON of a SagaDAG or a Log is not redacted,
// because it is the stored form. A store holds the value in the clear unless
// payloads are encrypted; see package runtime/store/codec. A Secret in an error
// that an action returns is recorded as empty.
//
// A Secret also decodes the plain JSON of its value, so a request can be
// decoded into parameters. It doesn't decode "[redacted]".
//
// A Secret doesn't protect its value from a debugger, from a printer that
// follows pointers in unexported fields (as some test tools do), or from a
// MarshalJSON method that calls Reveal.
//
// A MarshalJSON method may write a Secret as a JSON value, however it encodes
// it. While the runtime encodes data, such a method sees an encrypted token in
// place of the Secret. Limitation: it must not put the JSON of a Secret into a
// string, which is an error, nor compress, encrypt or keep it, because the
// result can't be decoded, nor encode it in another goroutine, which gets
// "[redacted]".
type Secret[T any] struct {
	_ [0]func() // forbids ==, which would compare pointers
	// value is a double pointer because package fmt calls no methods of
	// unexported fields and follows one pointer there if the verb doesn't fit.
	// It is nil in the zero Secret. The pointers and the value never change.
	value **T
}

const (
	redacted     = "[redacted]"
	redactedJSON = `"` + redacted + `"`
	secretMember = "$secret"
)

// NewSecret returns a Secret that holds value.
func NewSecret[T any](value T) Secret[T] { return secretAt(&value) }

func secretAt[T any](value *T) Secret[T] { return Secret[T]{value: &value} }

// Reveal returns the value. For the zero Secret it returns T's zero value.
func (s Secret[T]) Reveal() T {
	if s.value == nil {
		var zero T
		return zero
	}
	return **s.value
}

// IsZero reports whether the value is T's zero value. encoding/json calls it
// for the option omitzero.
func (s Secret[T]) IsZero() bool { return s.value == nil || reflect.ValueOf(*s.value).Elem().IsZero() }

// String returns "[redacted]".
func (s Secret[T]) String() string { return redacted }

// GoString returns "[redacted]".
func (s Secret[T]) GoString() string { return redacted }

// Format implements fmt.Formatter. It writes "[redacted]" for every verb.
func (s Secret[T]) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, redacted) }

// LogValue implements slog.LogValuer. It returns "[redacted]".
func (s Secret[T]) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText implements encoding.TextMarshaler. It returns "[redacted]".
func (s Secret[T]) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalJSON implements json.Marshaler. It returns "[redacted]", except while
// the runtime encodes parameters, outputs and constants. Then it returns a
// string with the encrypted value, which the runtime replaces.
func (s Secret[T]) MarshalJSON() ([]byte, error) {
	if !calledByEncodeData() {
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
	return seal(fmt.Appendf(nil, `{"%s":%s}`, secretMember, encoded)), nil
}

var (
	errRedacted = errors.New("the secret was redacted when it was encoded and can't be restored: supply its value")
	errSealed   = errors.New("the secret is a token that only its encoder could read and can't be restored: " +
		"supply its value, and don't keep or convert the JSON of a Secret in a MarshalJSON or MarshalText method")
)

// UnmarshalJSON implements json.Unmarshaler. It decodes the stored form of a
// Secret and the plain JSON of a T. Its errors don't reveal the text.
func (s *Secret[T]) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		return nil
	}
	if isToken(text) {
		return errSealed
	}
	text = unmarkSecret(text)
	if string(text) == redactedJSON {
		return errRedacted
	}
	value := new(T)
	if err := json.Unmarshal(text, value); errors.Is(err, errRedacted) || errors.Is(err, errSealed) {
		return err
	} else if err != nil {
		return fmt.Errorf("the JSON of the secret can't be decoded as %s", reflect.TypeFor[T]())
	}
	*s = secretAt(value)
	return nil
}

// unmarkSecret returns the value of {"$secret":…}, and any other text
// unchanged.
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
