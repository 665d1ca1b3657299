// Package codec encodes what a store keeps of sagas' data, on its way to the store and back: to encrypt it, or to make it smaller.
//
// Keyring is the codec that encrypts, with AES-256-GCM:
//
//	keys, err := codec.NewKeyring(codec.Keys{
//		Current: "2026",
//		Known: map[string]saga.Secret[[]byte]{
//			"2026": saga.NewSecret(key2026), // 32 random bytes
//			"2025": saga.NewSecret(key2025),
//		},
//	})
//	encrypted, err := codec.New(database, codec.Config{Codec: keys})
//	coordinator, err := sec.New(sec.Config{Store: encrypted, Registry: registry})
//
// # What is encoded
//
// The payload of each event, which is an output, an error or an operator's order; the parameters of a saga; and its whole DAG, in which are the
// constants. The DAG is encoded as a whole, and not only the values in it, because then nothing of it has to be
// parsed, no name or label in it can tell what the values are about, and whoever can write to the database can't rewire it.
// The names of sagas, their states, owners and times are columns of their own in every store, so that what asks for
// them works as without a codec.
//
// What is not encoded, and so not hidden by encryption: the ID, name, state, owner and queue of each saga; of each event the kind, the time and the number
// of the node; which events have a payload; and about how long each payload, each DAG and its parameters are. A DAG that is bound to its saga, as by the Keyring, is a text of its own for each
// saga; so a store that keeps one DAG once for many sagas keeps it for each.
//
// # Plain data beside encoded data
//
// What is encoded begins with a byte with which no JSON begins. So one database can hold both: a codec can be taken into use while
// there are sagas, and out of use again; see Config.
//
// # What can't be decoded
//
// A saga whose data can't be decoded holds up no other. A coordinator parks it with the reason, such as
// `key "2025" is not in the keyring`, and goes on with it when it is started with that key.
package codec
