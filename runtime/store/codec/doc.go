// Package codec encodes the data of sagas before a store writes it, and decodes
// it after the store has read it. A codec can encrypt or compress the data.
//
// Keyring is a codec that encrypts with AES-256-GCM:
//
//	keys, err := codec.NewKeyring(codec.Keys{
//		Current: "2026",
//		Known: map[string]saga.Secret[[]byte]{
//			"2026": saga.NewSecret(key2026), // 32 random bytes
//			"2025": saga.NewSecret(key2025),
//		},
//	})
//	encrypted, err := codec.New(database, codec.Config{Codec: keys})
//	coordinator, err := sec.New(sec.Config{
//		Store: encrypted, Registry: registry,
//	})
//
// # What is encoded
//
// A store made by New encodes the payload of each event (an output, an error or
// an operator command), the parameters of each saga, and each DAG, which
// contains the constants.
//
// A DAG is encoded as a whole, not only the values in it. So the codec doesn't
// parse DAGs, no name or label reveals what the values mean, and someone with
// write access to the database can't rewire a DAG.
//
// The following is not encoded, and so encryption doesn't hide it: the ID,
// name, state, queue, owner and times of each saga; the kind, time and node
// number of each event; which events have a payload; and the approximate length
// of each payload, DAG and parameters. Stores keep these in columns, and their
// queries work the same with and without a codec.
//
// A codec that binds a DAG to its saga, as Keyring does, makes each saga's
// encoded DAG different. A store that keeps each distinct DAG only once then
// keeps one DAG for each saga.
//
// # Encoded and plain data in one database
//
// Encoded data begins with a byte that can't begin JSON, so one database can
// contain both. A codec can be introduced, and removed again, while there are
// sagas. See Config.
//
// # Data that can't be decoded
//
// A saga whose data can't be decoded doesn't block other sagas. A coordinator
// parks it with the reason, such as `key "2025" is not in the keyring`. The
// saga resumes when a coordinator is started with that key.
package codec
