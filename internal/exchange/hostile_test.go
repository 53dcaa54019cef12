package exchange

import (
	"bytes"
	"testing"

	"murmuration/internal/hostile"
)

// TestHostileForms: what strangers make of the frames of an exchange is refused, or has one
// spelling, and costs little.
func TestHostileForms(t *testing.T) {
	up, down, question := make([]byte, 100), make([]byte, 100), make([]byte, 200)
	Up{Received: 7, Roll: 3, Packet: bytes.Repeat([]byte{9}, 68)}.Marshal(up)
	Down{Sequence: 1, SURBID: [16]byte{1}, Body: []byte("reply"), Stream: []byte("records")}.
		Marshal(down)
	if err := (Question{Day: 3, Elements: of(64)}).Marshal(question); err != nil {
		t.Fatal(err)
	}
	hostile.Feed(t,
		hostile.Decoder{Name: "up", Most: 1 << 10, Samples: [][]byte{up},
			Again: func(b []byte) ([]byte, error) {
				u, err := ParseUp(b)
				if err != nil {
					return nil, err
				}
				again := make([]byte, len(b))
				return again, u.Marshal(again)
			}},
		hostile.Decoder{Name: "down", Most: 1 << 10, Samples: [][]byte{down},
			Again: func(b []byte) ([]byte, error) {
				_, err := ParseDown(b, 5)
				return nil, err
			}},
		hostile.Decoder{Name: "question", Most: 1 << 10, Samples: [][]byte{question},
			Again: func(b []byte) ([]byte, error) {
				_, err := ParseQuestion(b)
				return nil, err
			}})
}
