package codec

import (
	"bytes"
	"errors"
	"fmt"
)

// What is encoded begins with the mark, which no JSON begins with, and a version. The rest is the codec's.
const (
	mark    = "\x00sg"
	version = 1

	headerLen = len(mark) + 1
)

var errShort = errors.New("it is cut short")

func addHeader(encoded []byte) []byte {
	out := make([]byte, 0, headerLen+len(encoded))
	out = append(append(out, mark...), version)
	return append(out, encoded...)
}

// hasHeader reports whether a stored text is encoded.
func hasHeader(stored []byte) bool { return bytes.HasPrefix(stored, []byte(mark)) }

// cutHeader returns what is behind the header.
func cutHeader(stored []byte) ([]byte, error) {
	switch {
	case len(stored) < headerLen:
		return nil, errShort
	case stored[len(mark)] != version:
		return nil, fmt.Errorf("it is encoded in version %d, and this program knows version %d: use a newer one", stored[len(mark)], version)
	}
	return stored[headerLen:], nil
}
