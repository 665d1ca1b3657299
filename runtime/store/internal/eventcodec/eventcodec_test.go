package eventcodec

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sagagen/sagagen/runtime/engine"
)

// someEvents returns typical events, and events at the limits of what a store
// accepts.
func someEvents() []engine.Event {
	at := time.UnixMicro(1_700_000_000_123_456).UTC()
	return []engine.Event{
		{Seq: 7, Node: 1, Kind: engine.EventSucceeded, Payload: []byte(`{"a":1}`), At: at},
		{Seq: 8, Node: math.MaxInt32, Kind: engine.EventAbandoned, At: at.Add(-time.Hour)},
		{Seq: 9, Kind: engine.EventStarted, Payload: []byte{0, 0xff}},
		{Seq: 10, Kind: engine.EventStarted, At: at},
	}
}

func TestDecodeReturnsEncodedEvents(t *testing.T) {
	events := someEvents()
	data := Encode(events)
	for from := range uint64(12) {
		got, err := Decode(nil, data, 7, 4, from)
		require.NoError(t, err)
		want := events[min(4, max(from, 7)-7):]
		assert.Equal(t, append([]engine.Event(nil), want...), append([]engine.Event(nil), got...), "from %d", from)
	}
	got, err := Decode(events[:1], Encode(nil), 8, 0, 0)
	require.NoError(t, err)
	assert.Equal(t, events[:1], got)
}

func TestAppendContinuesAnEncoding(t *testing.T) {
	events := someEvents()
	var data []byte
	var last int64
	for i := range len(events) + 1 {
		assert.Equal(t, Encode(events[:i]), append([]byte{}, data...))
		data, last = Append(data, last, events[i:min(i+1, len(events))])
	}
}

func TestDecodedPayloadsDoNotOverlap(t *testing.T) {
	got, err := Decode(nil, Encode(someEvents()), 7, 4, 0)
	require.NoError(t, err)
	_ = append(got[0].Payload, "more"...)
	assert.Equal(t, someEvents(), got)
}

func TestDecodeRefusesMalformedData(t *testing.T) {
	data := Encode(someEvents())
	for n := range data {
		_, err := Decode(nil, data[:n], 7, 4, 0)
		require.ErrorIs(t, err, ErrMalformed, "%d bytes", n)
	}
	_, err := Decode(nil, append(data, 0), 7, 4, 0)
	require.ErrorIs(t, err, ErrMalformed)
	_, err = Decode(nil, data, 7, 3, 0)
	require.ErrorIs(t, err, ErrMalformed)
}

func FuzzDecode(f *testing.F) {
	f.Add(Encode(someEvents()), uint64(4))
	f.Fuzz(func(t *testing.T, data []byte, count uint64) {
		events, err := Decode(nil, data, 0, count, 0)
		if err == nil {
			require.Len(t, events, int(count))
			again, err := Decode(nil, Encode(events), 0, count, 0)
			require.NoError(t, err)
			assert.Equal(t, events, again)
		}
	})
}
