package saga

import (
	"bytes"
	"encoding/json"
)

// Redact returns the JSON of parameters, an output or an audit with
// "[redacted]" in place of each Secret, for display. It returns raw itself if
// there is no Secret, and never changes raw. Call it before you display an
// Event's Payload or the result of RawParams, RawLookup, SagaDAG.Params or
// Outputs.Raw.
func Redact(raw json.RawMessage) json.RawMessage { return replaceSecrets(raw, redactedJSON) }

// emptySecretJSON decodes as a Secret with the zero value.
const emptySecretJSON = `{"` + secretMember + `":null}`

// replaceSecrets replaces each object that has a member "$secret". If the text
// is not JSON and seems to contain such a member, it is replaced as a whole.
func replaceSecrets(raw json.RawMessage, with string) json.RawMessage {
	if !mayHoldSecret(raw) {
		return raw
	}
	if !json.Valid(raw) {
		return json.RawMessage(with)
	}
	f := secretFinder{decoder: json.NewDecoder(bytes.NewReader(raw))}
	f.value()
	var out []byte
	end := int64(0)
	for _, found := range f.found {
		out = append(append(out, raw[end:found.begin]...), with...)
		end = found.end
	}
	return append(out, raw[end:]...)
}

// mayHoldSecret is a fast check that excludes most texts.
func mayHoldSecret(text []byte) bool { return bytes.Contains(text, []byte(`"`+secretMember+`"`)) }

// secretFinder finds the outermost objects with a member "$secret" in valid
// JSON.
type secretFinder struct {
	decoder *json.Decoder
	found   []span
}

type span struct{ begin, end int64 }

// value reads one value. encoding/json limits the depth of valid JSON, and so
// the depth of the recursion.
func (f *secretFinder) value() {
	switch f.token() {
	case json.Delim('{'):
		f.object()
	case json.Delim('['):
		for f.decoder.More() {
			f.value()
		}
		f.token()
	}
}

// object reads the rest of an object.
func (f *secretFinder) object() {
	begin, before, secret := f.decoder.InputOffset()-1, len(f.found), false
	for f.decoder.More() {
		secret = f.token() == secretMember || secret
		f.value()
	}
	f.token()
	if secret {
		f.found = append(f.found[:before], span{begin, f.decoder.InputOffset()})
	}
}

func (f *secretFinder) token() json.Token {
	token, err := f.decoder.Token()
	if err != nil {
		panic(err) // the text is valid
	}
	return token
}
