package saga

import (
	"fmt"

	"github.com/google/uuid"
)

// ID identifies one saga: one execution of a DAG. It is a UUID; those that NewID makes
// are of version 7, so that they sort by the time at which they were made.
type ID uuid.UUID

// NewID returns a new ID. It panics if the system's random source fails, as nothing else
// could be trusted then.
func NewID() ID { return ID(uuid.Must(uuid.NewV7())) }

// ParseID reads the canonical form of an ID, 36 characters with four hyphens.
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

// IsZero reports whether the ID is the zero ID, which no saga has.
func (id ID) IsZero() bool { return id == ID{} }

// MarshalText implements encoding.TextMarshaler with the canonical form.
func (id ID) MarshalText() ([]byte, error) { return uuid.UUID(id).MarshalText() }

// UnmarshalText implements encoding.TextUnmarshaler for the canonical form.
func (id *ID) UnmarshalText(text []byte) error {
	parsed, err := ParseID(string(text))
	if err != nil {
		return err
	}
	*id = parsed
	return nil
}
