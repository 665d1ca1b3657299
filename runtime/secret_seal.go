package saga

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"reflect"
	"runtime"
	"sync"
	"sync/atomic"
)

// Secret.MarshalJSON and encodeData pass values through encoding/json, and
// through the MarshalJSON methods of users, which may log or convert what they
// see. So MarshalJSON writes a token that contains the encrypted value, and
// encodeData replaces each token in the result by the stored form of the
// Secret.
//
// A token is a JSON string: tokenBegin, the base64 of an encrypted text, and
// tokenEnd. Only this process has the key, so nothing else can make or read a
// token. The text is the number of the token, in 8 bytes, and the stored form.
// encodeData opens only tokens that were made after it was called, so a token
// that gets into a log, and from there into a request, is useless. A string
// that merely looks like a token stays as it is.

const (
	tokenBegin = "[redacted:"
	tokenEnd   = ']'

	// minSealed is the length of the shortest encrypted text. It begins with a
	// nonce of 12 bytes and ends with a tag of 16 bytes.
	minSealed = 12 + 8 + len(`{"`+secretMember+`":0}`) + 16
)

// lastToken is the number of the last token.
var lastToken atomic.Uint64

// encodeData encodes parameters, an output or a constant like json.Marshal, but
// writes the values of Secrets. It must not be inlined: calledByEncodeData
// looks for it on the stack.
//
//go:noinline
func encodeData(v any) (json.RawMessage, error) {
	before := lastToken.Load()
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return openTokens(text, before)
}

var encodeDataEntry = reflect.ValueOf(encodeData).Pointer()

// calledByEncodeData reports whether encodeData is on the stack of the calling
// goroutine. Other callers of MarshalJSON, such as loggers, don't open tokens,
// so they must get "[redacted]". A mistake reveals nothing, because a token is
// encrypted. So on a stack that is too deep to search, the result is true.
func calledByEncodeData() bool {
	var stack [512]uintptr
	n := runtime.Callers(2, stack[:])
	for _, pc := range stack[:n] {
		if f := runtime.FuncForPC(pc - 1); f != nil && f.Entry() == encodeDataEntry {
			return true
		}
	}
	return n == len(stack)
}

var errSecretInText = errors.New("a MarshalJSON or MarshalText method put the JSON of a Secret into a string or " +
	"into the name of a member, where it can't be redacted: write it as a value of its own")

// openTokens returns compact JSON with the stored forms of Secrets in place of
// their tokens. It returns text itself if there is no token of this process
// with a number above before.
func openTokens(text []byte, before uint64) ([]byte, error) {
	var out []byte
	written := 0 // text[:written] is in out
	for at := 0; ; {
		found := bytes.Index(text[at:], []byte(tokenBegin))
		if found < 0 {
			break
		}
		begin := at + found
		at = begin + len(tokenBegin)
		length := bytes.IndexByte(text[at:], tokenEnd)
		if length < 0 {
			break
		}
		number, stored, ok := unseal(text[at : at+length])
		if !ok || number <= before {
			continue
		}
		end := at + length + 1
		if !isStringValue(text, begin, end) {
			return nil, errSecretInText
		}
		out = append(append(out, text[written:begin-1]...), stored...) // without the quotes
		written, at = end+1, end+1
	}
	if written == 0 {
		return text, nil
	}
	return append(out, text[written:]...), nil
}

// isStringValue reports whether text[begin:end] is the content of a string in
// compact JSON, and not only a part of one, or the name of a member. The
// content contains no quotes.
func isStringValue(text []byte, begin, end int) bool {
	opened := text[begin-1] == '"' && (begin == 1 || text[begin-2] != '\\') // JSON has backslashes only in strings
	closed := text[end] == '"'
	return opened && closed && (end+1 == len(text) || text[end+1] != ':')
}

// seal returns the token of the stored form of a Secret.
func seal(stored []byte) []byte {
	plain := binary.BigEndian.AppendUint64(make([]byte, 0, 8+len(stored)), lastToken.Add(1))
	sealed := sealer().Seal(nil, nil, append(plain, stored...), nil)
	token := make([]byte, 0, tokenEncoding.EncodedLen(len(sealed))+len(tokenBegin)+len(`"]"`))
	token = append(append(token, '"'), tokenBegin...)
	return append(tokenEncoding.AppendEncode(token, sealed), tokenEnd, '"')
}

// unseal decrypts the text between tokenBegin and tokenEnd of a token. It
// returns false if this process didn't make the token.
func unseal(text []byte) (number uint64, stored []byte, ok bool) {
	sealed, ok := decodeSealed(text)
	if !ok {
		return 0, nil, false
	}
	plain, err := sealer().Open(nil, nil, sealed, nil)
	if err != nil {
		return 0, nil, false
	}
	return binary.BigEndian.Uint64(plain), plain[8:], true
}

// isToken reports whether the JSON has the form of a token, of any process.
func isToken(text []byte) bool {
	text, begins := bytes.CutPrefix(text, []byte(`"`+tokenBegin))
	text, ends := bytes.CutSuffix(text, []byte{tokenEnd, '"'})
	if !begins || !ends {
		return false
	}
	_, ok := decodeSealed(text)
	return ok
}

// decodeSealed returns false if the text is not that of a token.
func decodeSealed(text []byte) (sealed []byte, ok bool) {
	if len(text) < tokenEncoding.EncodedLen(minSealed) {
		return nil, false
	}
	sealed, err := tokenEncoding.AppendDecode(nil, text)
	return sealed, err == nil
}

var tokenEncoding = base64.RawURLEncoding

// sealer returns the cipher of this process. A nonce is random. That one
// repeats is improbable up to 2³² tokens, and matters only if someone has
// collected both of its tokens.
var sealer = sync.OnceValue(func() cipher.AEAD {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // crashes rather than return an error
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // 32 bytes are a valid key
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err) // AES fits GCM
	}
	return aead
})
