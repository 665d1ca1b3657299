package sqlite

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
)

// packedEvents are events as they come, and at the limits of what a store takes.
func packedEvents() []saga.Event {
	at := time.UnixMicro(1_700_000_000_123_456).UTC()
	return []saga.Event{
		{Seq: 7, Node: 1, Kind: saga.EventSucceeded, Payload: []byte(`{"a":1}`), At: at},
		{Seq: 8, Node: math.MaxInt32, Kind: saga.EventAbandoned, At: at.Add(-time.Hour)},
		{Seq: 9, Kind: saga.EventStarted, Payload: []byte{0, 0xff}},
		{Seq: 10, Kind: saga.EventStarted, At: at},
	}
}

func TestPackedEventsComeBack(t *testing.T) {
	events := packedEvents()
	p := pack(events)
	for from := range uint64(12) {
		got, err := p.unpack(nil, 7, 4, from)
		require.NoError(t, err)
		assert.Equal(t, append([]saga.Event(nil), events[min(4, max(from, 7)-7):]...), append([]saga.Event(nil), got...), "from %d", from)
	}
	got, err := pack(nil).unpack(events[:1], 8, 0, 0)
	require.NoError(t, err)
	assert.Equal(t, events[:1], got)
}

func TestPayloadsThatWereUnpackedDoNotOverlap(t *testing.T) {
	got, err := pack(packedEvents()).unpack(nil, 7, 4, 0)
	require.NoError(t, err)
	_ = append(got[0].Payload, "more"...)
	assert.Equal(t, packedEvents(), got)
}

func TestWhatIsNotPackedIsRefused(t *testing.T) {
	p := pack(packedEvents())
	for n := range p {
		_, err := p[:n].unpack(nil, 7, 4, 0)
		require.ErrorIs(t, err, errPacked, "%d bytes", n)
	}
	_, err := append(p, 0).unpack(nil, 7, 4, 0)
	require.ErrorIs(t, err, errPacked)
	_, err = p.unpack(nil, 7, 3, 0)
	require.ErrorIs(t, err, errPacked)
}

func FuzzUnpack(f *testing.F) {
	f.Add([]byte(pack(packedEvents())), uint64(4))
	f.Fuzz(func(t *testing.T, b []byte, count uint64) {
		events, err := packed(b).unpack(nil, 0, count, 0)
		if err == nil {
			require.Len(t, events, int(count))
			again, err := pack(events).unpack(nil, 0, count, 0)
			require.NoError(t, err)
			assert.Equal(t, events, again)
		}
	})
}
