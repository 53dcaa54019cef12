package exchange

import (
	"bytes"
	"testing"
)

// FuzzParseExchange holds that each half of an exchange has one spelling.
func FuzzParseExchange(f *testing.F) {
	up, down, dummy := make([]byte, 100), make([]byte, 100), make([]byte, 100)
	Up{Received: 7, Packet: bytes.Repeat([]byte{9}, 68)}.Marshal(up)
	Down{Sequence: 1, SURBID: [16]byte{1}, Body: []byte("reply")}.Marshal(down)
	for _, frame := range [][]byte{up, down, dummy, nil, up[:31]} {
		f.Add(frame, uint16(5))
	}
	f.Fuzz(func(t *testing.T, frame []byte, bodySize uint16) {
		again := make([]byte, len(frame))
		if u, err := ParseUp(frame); err == nil {
			if err := u.Marshal(again); err != nil || !bytes.Equal(again, frame) {
				t.Errorf("up: %v: %x became %x", err, frame, again)
			}
		}
		if d, err := ParseDown(frame, int(bodySize)); err == nil {
			if err := d.Marshal(again); err != nil || !bytes.Equal(again, frame) {
				t.Errorf("down: %v: %x became %x", err, frame, again)
			}
		}
	})
}
