package codec

import (
	"encoding/binary"
	"fmt"

	saga "github.com/sagagen/sagagen/runtime"
)

// Codec encodes payloads and DAGs. Its methods may be called by several goroutines. They do no I/O, and what can't be
// decoded once can't be decoded later either.
type Codec interface {
	// Encode returns what is to be stored of a text that is never empty. It neither changes nor keeps plain.
	Encode(at Place, plain []byte) ([]byte, error)
	// Decode returns what Encode was given. It may change stored, and return a part of it. An error says what to do, as an operator
	// sees it.
	Decode(at Place, stored []byte) ([]byte, error)
}

// Place says where a text belongs. No two texts of one database have the same place.
type Place struct {
	Saga saga.ID
	// Seq, Node and Kind are those of the event that has the payload. They are zero for the saga's DAG and its parameters: no event has the kind 0.
	Seq  uint64
	Node saga.NodeID
	Kind saga.EventKind
	// Params says that it is the saga's parameters.
	Params bool
}

// String describes the place, as in `event 3, succeeded of node 1`.
func (p Place) String() string {
	switch {
	case p.Params:
		return "parameters"
	case p.Kind == 0:
		return "DAG"
	}
	return fmt.Sprintf("event %d, %s of node %d", p.Seq, p.Kind, p.Node)
}

// paramsKind stands where the kind of an event does, and is no event's.
const paramsKind = 255

// AppendBinary appends a text to b that no other place has. It is what encryption is to be bound to, so that what was moved to
// another place doesn't decrypt. It never returns an error.
func (p Place) AppendBinary(b []byte) ([]byte, error) {
	b = append(b, p.Saga[:]...)
	b = binary.BigEndian.AppendUint64(b, p.Seq)
	b = binary.BigEndian.AppendUint64(b, uint64(p.Node))
	if p.Params {
		return append(b, paramsKind), nil
	}
	return append(b, byte(p.Kind)), nil
}

func placeOf(id saga.ID, e *saga.Event) Place {
	return Place{Saga: id, Seq: e.Seq, Node: e.Node, Kind: e.Kind}
}
