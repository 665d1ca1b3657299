package codec

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"

	saga "github.com/sagagen/sagagen/runtime"
)

// Keys are the keys of a Keyring.
type Keys struct {
	// Current is the ID of the key that encrypts. If it is empty, the Keyring only decrypts.
	Current string
	// Known holds all keys that decrypt, the current one included, by their IDs. Each is 32 random bytes, and not
	// a password. An ID has 1 to 64 bytes; it is stored in the clear with each text, and never stands for another key later.
	Known map[string]saga.Secret[[]byte]
}

const (
	keyLen      = 32
	maxKeyIDLen = 64
)

// Keyring is a Codec that encrypts with AES-256-GCM. It has any number of keys, one of which encrypts.
//
// A text is bound to its Place: what was moved to another saga, event or node, or altered, doesn't decrypt. Somebody who may write to
// the database can still remove payloads, events and sagas, add events that have no payload, and bring an older state of it all back.
//
// Each text gets a random nonce of 96 bits. So that two never are the same, one key may encrypt 2³² texts, which leaves a chance of 1 in 2³²:
// a saga has one text for its DAG, and one for each event with a payload. At 1,000 such texts a second the bound is reached after 49 days.
// A Keyring doesn't count them; change the current key in time.
//
// Keys are in memory as long as the Keyring is.
type Keyring struct {
	current string
	known   map[string]cipher.AEAD
}

var _ Codec = (*Keyring)(nil)

// NewKeyring returns a Keyring with these keys.
func NewKeyring(keys Keys) (*Keyring, error) {
	k := &Keyring{current: keys.Current, known: make(map[string]cipher.AEAD, len(keys.Known))}
	for id, key := range keys.Known {
		if id == "" || len(id) > maxKeyIDLen {
			return nil, fmt.Errorf("codec: key id %q has %d bytes, want 1 to %d", id, len(id), maxKeyIDLen)
		}
		if n := len(key.Reveal()); n != keyLen {
			return nil, fmt.Errorf("codec: key %q has %d bytes, want %d", id, n, keyLen)
		}
		block, err := aes.NewCipher(key.Reveal())
		if err != nil {
			return nil, fmt.Errorf("codec: key %q: %w", id, err)
		}
		if k.known[id], err = cipher.NewGCMWithRandomNonce(block); err != nil {
			return nil, fmt.Errorf("codec: key %q: %w", id, err)
		}
	}
	if _, ok := k.known[keys.Current]; !ok && keys.Current != "" {
		return nil, fmt.Errorf("codec: the current key %q is not among those that are known", keys.Current)
	}
	return k, nil
}

// ErrUnknownKey is returned by Decode when the key that encrypted a text is not in the Keyring. The error names it.
var ErrUnknownKey = errors.New("key is not in the keyring")

// unknownKeyError says which key is missing in words that read well.
type unknownKeyError struct{ id string }

func (e unknownKeyError) Error() string        { return fmt.Sprintf("key %q is not in the keyring", e.id) }
func (e unknownKeyError) Is(target error) bool { return target == ErrUnknownKey }

// What Encode returns: the length of the key's ID in one byte, the ID, and what the AEAD makes, which begins with the nonce.

// Encode implements Codec. It returns an error if there is no current key.
func (k *Keyring) Encode(at Place, plain []byte) ([]byte, error) {
	if k.current == "" {
		return nil, errors.New("the keyring has no current key: it only decrypts")
	}
	key := k.known[k.current]
	out := make([]byte, 0, 1+len(k.current)+len(plain)+key.Overhead())
	out = append(out, byte(len(k.current)))
	out = append(out, k.current...)
	return key.Seal(out, nil, plain, associated(at)), nil
}

// Decode implements Codec.
func (k *Keyring) Decode(at Place, stored []byte) ([]byte, error) {
	if len(stored) == 0 || len(stored) <= int(stored[0]) {
		return nil, errShort
	}
	end := 1 + int(stored[0])
	id, sealed := string(stored[1:end]), stored[end:]
	key, ok := k.known[id]
	if !ok {
		return nil, unknownKeyError{id}
	}
	plain, err := key.Open(nil, nil, sealed, associated(at))
	if err != nil {
		return nil, fmt.Errorf("it doesn't decrypt with key %q: it was altered, moved from another place, or encrypted with another key of that id", id)
	}
	return plain, nil
}

// associated returns what a text is bound to.
func associated(at Place) []byte {
	b, _ := at.AppendBinary(make([]byte, 0, 33)) // it never returns an error
	return b
}
