package packed

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
)

// someEvents are events as they come, and at the limits of what a store takes.
func someEvents() []saga.Event {
	at := time.UnixMicro(1_700_000_000_123_456).UTC()
	return []saga.Event{
		{Seq: 7, Node: 1, Kind: saga.EventSucceeded, Payload: []byte(`{"a":1}`), At: at},
		{Seq: 8, Node: math.MaxInt32, Kind: saga.EventAbandoned, At: at.Add(-time.Hour)},
		{Seq: 9, Kind: saga.EventStarted, Payload: []byte{0, 0xff}},
		{Seq: 10, Kind: saga.EventStarted, At: at},
	}
}

func TestPackedEventsComeBack(t *testing.T) {
	events := someEvents()
	p := Of(events)
	for from := range uint64(12) {
		got, err := p.Unpack(nil, 7, 4, from)
		require.NoError(t, err)
		assert.Equal(t, append([]saga.Event(nil), events[min(4, max(from, 7)-7):]...), append([]saga.Event(nil), got...), "from %d", from)
	}
	got, err := Of(nil).Unpack(events[:1], 8, 0, 0)
	require.NoError(t, err)
	assert.Equal(t, events[:1], got)
}

func TestPayloadsThatWereUnpackedDoNotOverlap(t *testing.T) {
	got, err := Of(someEvents()).Unpack(nil, 7, 4, 0)
	require.NoError(t, err)
	_ = append(got[0].Payload, "more"...)
	assert.Equal(t, someEvents(), got)
}

func TestWhatIsNotPackedIsRefused(t *testing.T) {
	p := Of(someEvents())
	for n := range p {
		_, err := p[:n].Unpack(nil, 7, 4, 0)
		require.ErrorIs(t, err, ErrMalformed, "%d bytes", n)
	}
	_, err := append(p, 0).Unpack(nil, 7, 4, 0)
	require.ErrorIs(t, err, ErrMalformed)
	_, err = p.Unpack(nil, 7, 3, 0)
	require.ErrorIs(t, err, ErrMalformed)
}

func FuzzUnpack(f *testing.F) {
	f.Add([]byte(Of(someEvents())), uint64(4))
	f.Fuzz(func(t *testing.T, b []byte, count uint64) {
		events, err := Events(b).Unpack(nil, 0, count, 0)
		if err == nil {
			require.Len(t, events, int(count))
			again, err := Of(events).Unpack(nil, 0, count, 0)
			require.NoError(t, err)
			assert.Equal(t, events, again)
		}
	})
}
