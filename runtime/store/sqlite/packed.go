package sqlite

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
)

// packed is the events of an append, as they are stored: one after the other, each as its kind, its node, the
// microseconds since the one before, or since 1970, and its payload. Their numbers follow from the first one's. A row an
// append instead of a row an event makes a large part of what a saga costs.
type packed []byte

// pack copies events, as they may be written after the call that was given them has returned.
func pack(events []saga.Event) packed {
	const most = 1 + 3*binary.MaxVarintLen64 // beside the payload
	size := 0
	for i := range events {
		size += most + len(events[i].Payload)
	}
	p := make(packed, 0, size)
	var last int64
	for i := range events {
		e := &events[i]
		at := e.At.UnixMicro()
		p = append(p, byte(e.Kind))
		p = binary.AppendUvarint(p, uint64(e.Node))
		p = binary.AppendVarint(p, at-last)
		p = binary.AppendUvarint(p, uint64(len(e.Payload)))
		p = append(p, e.Payload...)
		last = at
	}
	return p
}

// errPacked is returned for what pack hasn't made.
var errPacked = errors.New("malformed")

// unpack adds to events those of an append that has count of them, seq the first, without what is before from. The events keep p.
func (p packed) unpack(events []saga.Event, seq, count, from uint64) ([]saga.Event, error) {
	var at int64
	for end := seq + count; seq < end; seq++ {
		kind, ok := p.byte()
		node, ok1 := p.uvarint()
		since, ok2 := p.varint()
		size, ok3 := p.uvarint()
		if !ok || !ok1 || !ok2 || !ok3 || size > uint64(len(p)) {
			return nil, fmt.Errorf("event %d: %w", seq, errPacked)
		}
		at += since
		e := saga.Event{Seq: seq, Node: saga.NodeID(node), Kind: saga.EventKind(kind), At: time.UnixMicro(at).UTC()}
		if size > 0 { // an empty payload becomes nil, as in every store
			e.Payload = []byte(p[:size:size])
		}
		p = p[size:]
		if seq >= from {
			events = append(events, e)
		}
	}
	if len(p) > 0 {
		return nil, fmt.Errorf("events up to %d: %w", seq, errPacked)
	}
	return events, nil
}

func (p *packed) byte() (byte, bool) {
	if len(*p) == 0 {
		return 0, false
	}
	b := (*p)[0]
	*p = (*p)[1:]
	return b, true
}

func (p *packed) uvarint() (uint64, bool) {
	v, n := binary.Uvarint(*p)
	if n <= 0 {
		return 0, false
	}
	*p = (*p)[n:]
	return v, true
}

func (p *packed) varint() (int64, bool) {
	v, n := binary.Varint(*p)
	if n <= 0 {
		return 0, false
	}
	*p = (*p)[n:]
	return v, true
}
