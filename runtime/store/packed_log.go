package store

import (
	"encoding/binary"
	"math"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
)

// packedLog holds events one after the other in a form that the garbage collector needn't look into: a memory
// store keeps very many. An event's number is its place.
type packedLog []byte

// noTime stands for the zero time.
const noTime = math.MinInt64

// add appends a copy of an event.
func (l packedLog) add(e *saga.Event) packedLog {
	at := int64(noTime)
	if !e.At.IsZero() {
		at = e.At.UnixMicro()
	}
	l = append(l, byte(e.Kind))
	l = binary.AppendUvarint(l, uint64(e.Node))
	l = binary.AppendVarint(l, at)
	l = binary.AppendUvarint(l, uint64(len(e.Payload)))
	return append(l, e.Payload...)
}

// events returns copies of the events from number from on, at most limit if that is positive.
func (l packedLog) events(from uint64, limit int) []saga.Event {
	var events []saga.Event
	for seq := uint64(0); len(l) > 0 && (limit <= 0 || len(events) < limit); seq++ {
		e := saga.Event{Seq: seq, Kind: saga.EventKind(l[0])}
		l = l[1:]
		node, n := binary.Uvarint(l)
		l = l[n:]
		at, n := binary.Varint(l)
		l = l[n:]
		size, n := binary.Uvarint(l)
		l = l[n:]
		if seq >= from {
			e.Node = saga.NodeID(node)
			if at != noTime {
				e.At = time.UnixMicro(at).UTC()
			}
			if size > 0 { // an empty payload becomes nil, as in every store
				e.Payload = append([]byte(nil), l[:size]...)
			}
			events = append(events, e)
		}
		l = l[size:]
	}
	return events
}
