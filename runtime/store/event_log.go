package store

import (
	"encoding/binary"
	"math"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
)

// eventLog holds the encoded events of a saga, one after the other. It contains
// no pointers, so the garbage collector doesn't scan the events, of which a
// memory store has very many. The number of an event is its position.
type eventLog []byte

// noTime represents the zero time.
const noTime = math.MinInt64

// add returns the log with a copy of the event at its end.
func (l eventLog) add(e *saga.Event) eventLog {
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

// events returns copies of the events, beginning with number from. It returns
// at most limit events if limit is positive.
func (l eventLog) events(from uint64, limit int) []saga.Event {
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
			if size > 0 { // an empty payload becomes nil
				e.Payload = append([]byte(nil), l[:size]...)
			}
			events = append(events, e)
		}
		l = l[size:]
	}
	return events
}
