package codec

import (
	"encoding/binary"
	"fmt"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
)

// Codec encodes payloads, parameters and DAGs. Its methods are safe for
// concurrent use by multiple goroutines. They perform no I/O, and an error is
// permanent: repeating the call returns the same error.
type Codec interface {
	// Encode returns the encoded form of plain, which is not empty. It neither
	// modifies nor retains plain.
	Encode(at Place, plain []byte) ([]byte, error)
	// Decode returns the plain data that Encode got at the same place. It may
	// modify stored and return a part of it. Operators see its error, which
	// should say what to do.
	Decode(at Place, stored []byte) ([]byte, error)
}

// Place identifies a piece of data in a database: a saga's DAG, its parameters,
// or the payload of one of its events. No two pieces have the same place.
type Place struct {
	// Saga is the saga that the data belongs to.
	Saga saga.ID
	// Seq, Node and Kind identify the event that has the payload. They are zero
	// for a DAG and for parameters: no event has kind 0.
	Seq  uint64
	Node engine.NodeID
	Kind engine.EventKind
	// Params reports whether the data is the saga's parameters.
	Params bool
}

// String describes the place in its saga, as in `event 3, succeeded of node 1`.
func (p Place) String() string {
	switch {
	case p.Params:
		return "parameters"
	case p.Kind == 0:
		return "DAG"
	}
	return fmt.Sprintf("event %d, %s of node %d", p.Seq, p.Kind, p.Node)
}

// paramsKind is encoded in place of an event kind. No event has it.
const paramsKind = 255

// AppendBinary appends a unique binary form of the place to b. Encryption uses
// it as associated data, so that data that was moved to another place doesn't
// decrypt. It never returns an error.
func (p Place) AppendBinary(b []byte) ([]byte, error) {
	b = append(b, p.Saga[:]...)
	b = binary.BigEndian.AppendUint64(b, p.Seq)
	b = binary.BigEndian.AppendUint64(b, uint64(p.Node))
	if p.Params {
		return append(b, paramsKind), nil
	}
	return append(b, byte(p.Kind)), nil
}

func placeOf(id saga.ID, e *engine.Event) Place {
	return Place{Saga: id, Seq: e.Seq, Node: e.Node, Kind: e.Kind}
}
