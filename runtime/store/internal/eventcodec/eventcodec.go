// Package eventcodec is the binary encoding of events that the stores use. The
// databases keep the events of one append in one row. A row per event would be
// a large part of the cost of a saga. A memory store keeps the log of a saga in
// one slice without pointers, so the garbage collector doesn't scan the events.
//
// The encoding of a sequence of events is their concatenation. An event is
//
//	kind          1 byte
//	node          uvarint
//	time          varint: microseconds since the event before it,
//	              for the first event since 1970
//	payload size  uvarint
//	payload
//
// with the varints of package encoding/binary. Sequence numbers are not
// encoded: they follow from the number of the first event. The store keeps that
// and the number of events.
package eventcodec

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/sagagen/sagagen/runtime/engine"
)

// ErrMalformed is returned by Decode for data that Encode has not written.
var ErrMalformed = errors.New("malformed")

// maxOverhead is the maximum size of an encoded event without its payload.
const maxOverhead = 1 + 3*binary.MaxVarintLen64

// Encode returns the encoding of events. It copies their payloads, and
// truncates their times to microseconds.
func Encode(events []engine.Event) []byte {
	size := 0
	for i := range events {
		size += maxOverhead + len(events[i].Payload)
	}
	data, _ := Append(make([]byte, 0, size), 0, events)
	return data
}

// Append is Encode for events that follow others. It appends them to data, the
// encoding of the others. last is the time of the last of these, in
// microseconds since 1970; it is 0 if data is empty. Append returns the new
// data and the new last.
func Append(data []byte, last int64, events []engine.Event) ([]byte, int64) {
	for i := range events {
		e := &events[i]
		at := e.At.UnixMicro()
		data = append(data, byte(e.Kind))
		data = binary.AppendUvarint(data, uint64(e.Node))
		data = binary.AppendVarint(data, at-last)
		data = binary.AppendUvarint(data, uint64(len(e.Payload)))
		data = append(data, e.Payload...)
		last = at
	}
	return data, last
}

// Decode decodes count events, the first of which has the number seq, and
// appends those with a number of at least from to events. The payloads are
// slices of data, which the caller must not change afterwards; an empty payload
// becomes nil, as in every store. Decode returns ErrMalformed if data is not
// the encoding of exactly count events.
func Decode(events []engine.Event, data []byte, seq, count, from uint64) ([]engine.Event, error) {
	r := reader(data)
	var at int64
	for end := seq + count; seq < end; seq++ {
		kind, ok := r.byte()
		node, ok1 := r.uvarint()
		since, ok2 := r.varint()
		size, ok3 := r.uvarint()
		if !ok || !ok1 || !ok2 || !ok3 || size > uint64(len(r)) {
			return nil, fmt.Errorf("event %d: %w", seq, ErrMalformed)
		}
		at += since
		e := engine.Event{Seq: seq, Node: engine.NodeID(node), Kind: engine.EventKind(kind), At: time.UnixMicro(at).UTC()}
		if size > 0 {
			e.Payload = []byte(r[:size:size])
		}
		r = r[size:]
		if seq >= from {
			events = append(events, e)
		}
	}
	if len(r) > 0 {
		return nil, fmt.Errorf("%d bytes after event %d: %w", len(r), seq, ErrMalformed)
	}
	return events, nil
}

// reader is the data that is still to be decoded.
type reader []byte

func (r *reader) byte() (byte, bool) {
	if len(*r) == 0 {
		return 0, false
	}
	b := (*r)[0]
	*r = (*r)[1:]
	return b, true
}

func (r *reader) uvarint() (uint64, bool) {
	v, n := binary.Uvarint(*r)
	if n <= 0 {
		return 0, false
	}
	*r = (*r)[n:]
	return v, true
}

func (r *reader) varint() (int64, bool) {
	v, n := binary.Varint(*r)
	if n <= 0 {
		return 0, false
	}
	*r = (*r)[n:]
	return v, true
}
