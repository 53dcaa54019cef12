package query

import (
	"bytes"
	"testing"

	"murmuration/internal/directory"
	"murmuration/internal/hostile"
)

// TestHostileForms: what strangers make of the frames of a directory link is refused, or has one
// spelling, and costs little.
func TestHostileForms(t *testing.T) {
	var samples [][]byte
	buf := make([]byte, FrameSize)
	for _, fr := range []frame{{op: opLatest}, {op: opDocument, epoch: 9, piece: 3},
		{op: opSubmit, piece: 1, pieces: 2, data: []byte("x")},
		{op: opPiece, epoch: 2, pieces: 1, data: make([]byte, pieceSize)},
		{op: opRefused, reason: directory.RefusedKeys}} {
		fr.put(buf)
		samples = append(samples, bytes.Clone(buf))
	}
	hostile.Feed(t, hostile.Decoder{Name: "directory frame", Most: FrameSize, Samples: samples,
		Again: func(b []byte) ([]byte, error) {
			if len(b) != FrameSize { // a link gives no other
				b = append(b, make([]byte, FrameSize)...)[:FrameSize:FrameSize]
			}
			fr, err := parseFrame(b)
			if err != nil {
				return nil, err
			}
			fr.put(make([]byte, FrameSize))
			return nil, nil
		}})
}
