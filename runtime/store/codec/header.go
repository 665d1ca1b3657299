package codec

import (
	"bytes"
	"errors"
	"fmt"
)

// The header of encoded data is the mark, which can't begin JSON, and a
// version. The codec's output follows.
const (
	mark    = "\x00sg"
	version = 1

	headerLen = len(mark) + 1
)

var errShort = errors.New("data is truncated")

func addHeader(encoded []byte) []byte {
	out := make([]byte, 0, headerLen+len(encoded))
	out = append(append(out, mark...), version)
	return append(out, encoded...)
}

// hasHeader reports whether stored data is encoded.
func hasHeader(stored []byte) bool { return bytes.HasPrefix(stored, []byte(mark)) }

// cutHeader returns the codec's output, which follows the header.
func cutHeader(stored []byte) ([]byte, error) {
	switch {
	case len(stored) < headerLen:
		return nil, errShort
	case stored[len(mark)] != version:
		return nil, fmt.Errorf("data has encoding version %d, want %d: use a newer program",
			stored[len(mark)], version)
	}
	return stored[headerLen:], nil
}
