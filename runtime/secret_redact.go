package saga

import (
	"bytes"
	"encoding/json"
)

// Redact returns the JSON of parameters, an output or an order with "[redacted]" in place of each Secret, for people to see. It returns
// raw itself if there is none, and never changes it. Whoever shows an Event's Payload, or what RawParams, RawLookup, SagaDAG.Params and
// Outputs.Raw return, calls it.
func Redact(raw json.RawMessage) json.RawMessage { return replaceSecrets(raw, redactedJSON) }

// emptySecretJSON is read as a Secret that holds nothing.
const emptySecretJSON = `{"` + secretMember + `":null}`

// replaceSecrets replaces each object that has a member "$secret". Text that is not JSON and seems to have one is replaced
// as a whole.
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

// mayHoldSecret rules most texts out.
func mayHoldSecret(text []byte) bool { return bytes.Contains(text, []byte(`"`+secretMember+`"`)) }

// secretFinder finds the outermost objects that have a member "$secret" in valid JSON.
type secretFinder struct {
	decoder *json.Decoder
	found   []span
}

type span struct{ begin, end int64 }

// value reads one value. Its depth is bounded, as that of valid JSON is by encoding/json.
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
