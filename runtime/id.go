package saga

import (
	"fmt"

	"github.com/google/uuid"
)

// ID identifies one saga. It is a UUID. IDs made by NewID are of version 7 and
// sort by the time of their creation.
type ID uuid.UUID

// NewID returns a new random ID. It panics if the system's random source fails.
func NewID() ID { return ID(uuid.Must(uuid.NewV7())) }

// ParseID parses the canonical form of an ID: 36 characters, four of them
// hyphens.
func ParseID(s string) (ID, error) {
	if len(s) != 36 {
		return ID{}, fmt.Errorf("saga id %q: want 36 characters, as in %s", s, exampleID)
	}
	u, err := uuid.Parse(s)
	if err != nil {
		return ID{}, fmt.Errorf("saga id %q: %w", s, err)
	}
	return ID(u), nil
}

const exampleID = "0192f0c1-2a3b-7c4d-8e5f-60718293a4b5"

// String returns the canonical form of the ID.
func (id ID) String() string { return uuid.UUID(id).String() }

// IsZero reports whether the ID is the zero ID. No saga has the zero ID.
func (id ID) IsZero() bool { return id == ID{} }

// MarshalText implements encoding.TextMarshaler. It returns the canonical form.
func (id ID) MarshalText() ([]byte, error) { return uuid.UUID(id).MarshalText() }

// UnmarshalText implements encoding.TextUnmarshaler. It parses the canonical
// form.
func (id *ID) UnmarshalText(text []byte) error {
	parsed, err := ParseID(string(text))
	if err != nil {
		return err
	}
	*id = parsed
	return nil
}
