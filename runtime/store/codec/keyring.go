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
	// Current is the ID of the key that encrypts. It must be in Known. If it is
	// empty, the Keyring only decrypts.
	Current string
	// Known holds all keys that decrypt, including the current one, by ID. A
	// key is 32 random bytes, not a password. An ID has 1 to 64 bytes. It is
	// stored in plain text with the encrypted data, and must never be reused
	// for another key.
	Known map[string]saga.Secret[[]byte]
}

const (
	keyLen      = 32
	maxKeyIDLen = 64
)

// Keyring is a Codec that encrypts with AES-256-GCM. It can have several keys,
// one of which encrypts.
//
// Encrypted data is bound to its Place. Data that was altered, or moved to
// another saga, event or node, doesn't decrypt. Someone with write access to
// the database can still remove payloads, events and sagas, add events without
// a payload, and restore an older state of all data.
//
// Each encryption uses a random nonce of 96 bits. A key may encrypt at most 2³²
// times: up to there, the probability that two nonces are equal stays below
// 2⁻³². Each saga needs one encryption for its DAG, one for its parameters, and
// one for each event with a payload. At 1,000 encryptions a second, a key
// reaches the limit after 49 days. A Keyring doesn't count them: change the
// current key in time.
//
// The keys stay in memory as long as the Keyring.
type Keyring struct {
	current string
	known   map[string]cipher.AEAD
}

var _ Codec = (*Keyring)(nil)

// NewKeyring returns a Keyring with these keys. It returns an error if a key or
// an ID has the wrong length, or if Current is not in Known.
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
		return nil, fmt.Errorf("codec: the current key %q is not among the known keys", keys.Current)
	}
	return k, nil
}

// ErrUnknownKey is returned by Keyring.Decode if the key that encrypted the
// data is not in the Keyring. The error's text contains the key's ID.
var ErrUnknownKey = errors.New("key is not in the keyring")

// unknownKeyError is ErrUnknownKey with the ID in the middle of the text.
type unknownKeyError struct{ id string }

func (e unknownKeyError) Error() string        { return fmt.Sprintf("key %q is not in the keyring", e.id) }
func (e unknownKeyError) Is(target error) bool { return target == ErrUnknownKey }

// Encode implements Codec. It returns an error if there is no current key.
//
// The output is the length of the key's ID in one byte, the ID, and the AEAD's
// output, which begins with the nonce.
func (k *Keyring) Encode(at Place, plain []byte) ([]byte, error) {
	if k.current == "" {
		return nil, errors.New("the keyring has no current key and only decrypts")
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
		return nil, fmt.Errorf("data doesn't decrypt with key %q: "+
			"it was altered, moved from another place, or encrypted with another key of that id", id)
	}
	return plain, nil
}

// associated returns the associated data of an encryption.
func associated(at Place) []byte {
	b, _ := at.AppendBinary(make([]byte, 0, 33)) // it never returns an error
	return b
}
