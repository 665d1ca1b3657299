// Package packed has the form in which the stores of databases keep events: a row an append, instead of a row an event, which makes a
// large part of what a saga costs.
package packed

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
)

// Events is the events of an append, one after the other, each as its kind in a byte, its node, the microseconds since the one before, or since 1970,
// the length of its payload, and that. The numbers are varints as in encoding/binary, that of the time a signed one. The events' own numbers
// follow from the first one's.
type Events []byte

// ErrMalformed is returned for what Of hasn't made.
var ErrMalformed = errors.New("malformed")

// Of packs copies of events. Of times, it keeps the microseconds.
func Of(events []saga.Event) Events {
	const most = 1 + 3*binary.MaxVarintLen64 // beside the payload
	size := 0
	for i := range events {
		size += most + len(events[i].Payload)
	}
	p := make(Events, 0, size)
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

// Unpack adds to events those of an append that has count of them, seq the first, without what is before from. An empty payload becomes nil, as in
// every store. The events keep p. It returns ErrMalformed if p isn't so many events.
func (p Events) Unpack(events []saga.Event, seq, count, from uint64) ([]saga.Event, error) {
	var at int64
	for end := seq + count; seq < end; seq++ {
		kind, ok := p.byte()
		node, ok1 := p.uvarint()
		since, ok2 := p.varint()
		size, ok3 := p.uvarint()
		if !ok || !ok1 || !ok2 || !ok3 || size > uint64(len(p)) {
			return nil, fmt.Errorf("event %d: %w", seq, ErrMalformed)
		}
		at += since
		e := saga.Event{Seq: seq, Node: saga.NodeID(node), Kind: saga.EventKind(kind), At: time.UnixMicro(at).UTC()}
		if size > 0 {
			e.Payload = []byte(p[:size:size])
		}
		p = p[size:]
		if seq >= from {
			events = append(events, e)
		}
	}
	if len(p) > 0 {
		return nil, fmt.Errorf("events up to %d: %w", seq, ErrMalformed)
	}
	return events, nil
}

func (p *Events) byte() (byte, bool) {
	if len(*p) == 0 {
		return 0, false
	}
	b := (*p)[0]
	*p = (*p)[1:]
	return b, true
}

func (p *Events) uvarint() (uint64, bool) {
	v, n := binary.Uvarint(*p)
	if n <= 0 {
		return 0, false
	}
	*p = (*p)[n:]
	return v, true
}

func (p *Events) varint() (int64, bool) {
	v, n := binary.Varint(*p)
	if n <= 0 {
		return 0, false
	}
	*p = (*p)[n:]
	return v, true
}
