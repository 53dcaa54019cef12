// Package exchange is the two halves of an exchange between a client and its provider, as bytes:
// one Sphinx packet or one question for tokens up, one spooled reply or a dummy down, and the
// stream of bulletins in every byte that the reply leaves, in frames of one size. docs/link.md has
// the layout.
//
// It must not know how frames travel, nor what the stream says: clients' and providers' cores read
// and write them without a socket.
package exchange

import (
	"encoding/binary"
	"errors"

	"murmuration/internal/protocol"
)

// errMalformed is returned for a frame of the wrong size or with bytes set that must be zero.
var errMalformed = errors.New("malformed exchange frame")

// Kind is what an up frame carries.
type Kind uint8

// The kinds.
const (
	Packet Kind = 0 // a Sphinx packet
	Tokens Kind = 1 // a Question, in the place and with the size of a packet
)

// Up is a client's half of an exchange: one Sphinx packet, or what stands in its place, and what
// the client has.
//
//	received 8 (big-endian) | roll 4 (big-endian) | kind 1 | zero 19 | packet
//
// Received is the highest sequence number for which every down frame up to it has arrived on this
// connection or an earlier one; the provider deletes up to it. Roll is the number of the first roll
// that the client wants and one, 0 for none; the first frame of a connection says it.
type Up struct {
	Received uint64
	Roll     uint32
	Kind     Kind
	Packet   []byte
}

// Marshal writes u into frame, whose length must be the packet's plus protocol.ExchangeOverhead.
func (u Up) Marshal(frame []byte) error {
	if len(frame) != len(u.Packet)+protocol.ExchangeOverhead || u.Kind > Tokens {
		return errMalformed
	}
	clear(frame[:protocol.ExchangeOverhead])
	binary.BigEndian.PutUint64(frame, u.Received)
	binary.BigEndian.PutUint32(frame[8:], u.Roll)
	frame[12] = byte(u.Kind)
	copy(frame[protocol.ExchangeOverhead:], u.Packet)
	return nil
}

// ParseUp reads an up frame; Packet aliases frame.
func ParseUp(frame []byte) (Up, error) {
	if len(frame) < protocol.ExchangeOverhead || Kind(frame[12]) > Tokens ||
		!protocol.Zero(frame[13:protocol.ExchangeOverhead]) {
		return Up{}, errMalformed
	}
	return Up{binary.BigEndian.Uint64(frame), binary.BigEndian.Uint32(frame[8:]),
		Kind(frame[12]), frame[protocol.ExchangeOverhead:]}, nil
}

// Down is a provider's half: one spooled reply, or a dummy of the same size.
//
//	sequence 8 (big-endian; 0: a dummy) | SURB id 16 | zero 8 | body | stream
//
// A dummy has no SURB id and no body, and the stream begins at byte 32.
type Down struct {
	Sequence uint64
	SURBID   [16]byte
	Body     []byte
	Stream   []byte // of bulletins, as it goes on from the frame before; zeros pad
}

// Free is how many bytes of a frame the stream may fill.
func (d Down) Free(frame int) int { return frame - protocol.ExchangeOverhead - len(d.Body) }

// Marshal writes d into frame and pads what the stream leaves with zeros.
func (d Down) Marshal(frame []byte) error {
	if d.Free(len(frame)) < len(d.Stream) || (d.Sequence == 0 && len(d.Body) > 0) {
		return errMalformed
	}
	clear(frame)
	binary.BigEndian.PutUint64(frame, d.Sequence)
	copy(frame[8:24], d.SURBID[:])
	rest := frame[protocol.ExchangeOverhead:]
	copy(rest[copy(rest, d.Body):], d.Stream)
	return nil
}

// ParseDown reads a down frame; a reply in it has a body of bodySize bytes. Body and Stream alias
// frame; Body is nil in a dummy.
func ParseDown(frame []byte, bodySize int) (Down, error) {
	const head = protocol.ExchangeOverhead
	if len(frame) < head+bodySize || !protocol.Zero(frame[24:head]) {
		return Down{}, errMalformed
	}
	d := Down{Sequence: binary.BigEndian.Uint64(frame), SURBID: [16]byte(frame[8:24])}
	if d.Sequence == 0 {
		if !protocol.Zero(frame[:head]) {
			return Down{}, errMalformed
		}
		d.Stream = frame[head:]
		return d, nil
	}
	d.Body, d.Stream = frame[head:head+bodySize], frame[head+bodySize:]
	return d, nil
}
