package exchange

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"murmuration/internal/protocol"
)

// of is a frame of a size, used before: whatever is not written must be cleared.
func of(size int) []byte { return bytes.Repeat([]byte{0xee}, size) }

// TestLayout: both halves as docs/link.md draws them.
func TestLayout(t *testing.T) {
	up := of(protocol.ExchangeOverhead + 3)
	if err := (Up{Received: 0x0102030405060708, Roll: 0x0a0b0c0d, Kind: Tokens,
		Packet: []byte{7, 8, 9}}).Marshal(up); err != nil {
		t.Fatal(err)
	}
	want := slicesOf([]byte{1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 1}, make([]byte, 19),
		[]byte{7, 8, 9})
	if !bytes.Equal(up, want) {
		t.Errorf("up: %x, want %x", up, want)
	}
	down := of(protocol.ExchangeOverhead + 5)
	reply := Down{Sequence: 258, SURBID: [16]byte{5, 15: 6}, Body: []byte{7, 8}, Stream: []byte{9}}
	if err := reply.Marshal(down); err != nil || reply.Free(len(down)) != 3 {
		t.Fatal(err, reply.Free(len(down)))
	}
	want = slicesOf([]byte{0, 0, 0, 0, 0, 0, 1, 2}, []byte{5}, make([]byte, 14), []byte{6},
		make([]byte, 8), []byte{7, 8, 9, 0, 0})
	if !bytes.Equal(down, want) {
		t.Errorf("down: %x, want %x", down, want)
	}
	dummy := of(protocol.ExchangeOverhead + 5)
	if err := (Down{}).Marshal(dummy); err != nil || !protocol.Zero(dummy) {
		t.Errorf("dummy: %v: %x", err, dummy)
	}
	stream := []byte{1, 2, 3, 4, 5}
	if err := (Down{Stream: stream}).Marshal(dummy); err != nil ||
		!bytes.Equal(dummy, slicesOf(make([]byte, 32), stream)) {
		t.Errorf("dummy with a stream: %v: %x", err, dummy)
	}
}

func slicesOf(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// TestReadBack: what was written is read, down to frames without a packet or a body.
func TestReadBack(t *testing.T) {
	for size := range 3 {
		packet := bytes.Repeat([]byte{4}, size)
		up, down := of(protocol.ExchangeOverhead+size), of(protocol.ExchangeOverhead+size)
		(Up{Received: 9, Roll: 11, Packet: packet}).Marshal(up)
		if got, err := ParseUp(up); err != nil || got.Received != 9 || got.Roll != 11 ||
			!bytes.Equal(got.Packet, packet) {
			t.Errorf("up with %d bytes: %+v, %v", size, got, err)
		}
		(Down{Sequence: 3, SURBID: [16]byte{1}, Body: packet}).Marshal(down)
		if got, err := ParseDown(down, size); err != nil || got.Sequence != 3 ||
			got.SURBID != [16]byte{1} || got.Body == nil || !bytes.Equal(got.Body, packet) {
			t.Errorf("down with %d bytes: %+v, %v", size, got, err)
		}
		if got, err := ParseDown(make([]byte, len(down)), size); err != nil || got.Sequence != 0 ||
			got.Body != nil || len(got.Stream) != size {
			t.Errorf("dummy for %d bytes: %+v, %v", size, got, err)
		}
	}
}

// TestMalformed: frames of another size and bytes that must be zero, both ways.
func TestMalformed(t *testing.T) {
	const head, body = protocol.ExchangeOverhead, 4
	for name, err := range map[string]error{
		"up too short":      Up{Packet: of(body)}.Marshal(of(head + body - 1)),
		"up too long":       Up{Packet: of(body)}.Marshal(of(head + body + 1)),
		"up of no kind":     Up{Kind: 2, Packet: of(body)}.Marshal(of(head + body)),
		"down too short":    Down{Sequence: 1, Body: of(body)}.Marshal(of(head + body - 1)),
		"dummy with a body": Down{Body: of(1)}.Marshal(of(head + body)),
		"stream too long": Down{Sequence: 1, Body: of(body), Stream: of(2)}.
			Marshal(of(head + body + 1)),
		"dummy without space": Down{}.Marshal(of(head - 1)),
	} {
		if !errors.Is(err, errMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for size := range head {
		if _, err := ParseUp(make([]byte, size)); !errors.Is(err, errMalformed) {
			t.Errorf("up of %d bytes: %v", size, err)
		}
	}
	for size := range head + body {
		if _, err := ParseDown(make([]byte, size), body); !errors.Is(err, errMalformed) {
			t.Errorf("down of %d bytes: %v", size, err)
		}
	}
}

// TestKinds: a packet, a question, and nothing else that there is.
func TestKinds(t *testing.T) {
	frame := make([]byte, protocol.ExchangeOverhead)
	for kind := range 256 {
		frame[12] = byte(kind)
		up, err := ParseUp(frame)
		if ok := kind < 2; (err == nil) != ok || ok && up.Kind != Kind(kind) {
			t.Errorf("kind %d: %v, %v", kind, up.Kind, err)
		}
	}
}

// TestBytesThatMustBeZero sets each byte of a frame alone.
func TestBytesThatMustBeZero(t *testing.T) {
	const head, body, pad = protocol.ExchangeOverhead, 4, 3
	for i := range head + body + pad {
		frame := make([]byte, head+body+pad)
		frame[i] = 1
		_, err := ParseUp(frame)
		check(t, fmt.Sprint("up, byte ", i), err, i > 12 && i < head)
		_, err = ParseDown(frame, body) // before byte 8 it is the sequence of a reply
		check(t, fmt.Sprint("dummy, byte ", i), err, i >= 8 && i < head)
		frame[0] = 1
		_, err = ParseDown(frame, body)
		check(t, fmt.Sprint("down, byte ", i), err, i >= 24 && i < head)
	}
}

func check(t *testing.T, name string, err error, malformed bool) {
	t.Helper()
	if errors.Is(err, errMalformed) != malformed || err != nil && !malformed {
		t.Errorf("%s: %v", name, err)
	}
}

// FuzzParseExchange holds that each half of an exchange has one spelling.
func FuzzParseExchange(f *testing.F) {
	up, down, dummy := make([]byte, 100), make([]byte, 100), make([]byte, 100)
	Up{Received: 7, Roll: 3, Packet: bytes.Repeat([]byte{9}, 68)}.Marshal(up)
	Down{Sequence: 1, SURBID: [16]byte{1}, Body: []byte("reply"), Stream: []byte("records")}.
		Marshal(down)
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
