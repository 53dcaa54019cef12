// Package exchange is the two halves of an exchange between a client and its provider, as bytes:
// one Sphinx packet up, one spooled reply or a dummy down, in frames of one size. docs/link.md has
// the layout.
//
// It must not know how frames travel: clients' and providers' cores read and write them without a
// socket.
package exchange

import (
	"encoding/binary"
	"errors"

	"murmuration/internal/protocol"
)

// errMalformed is returned for a frame of the wrong size or with bytes set that must be zero.
var errMalformed = errors.New("malformed exchange frame")

// Up is a client's half of an exchange: one Sphinx packet and an acknowledgement.
//
//	received 8 (big-endian) | zero 24 | packet
//
// Received is the highest sequence number for which every down frame up to it has arrived on this
// connection or an earlier one; the provider deletes up to it.
type Up struct {
	Received uint64
	Packet   []byte
}

// Marshal writes u into frame, whose length must be the packet's plus protocol.ExchangeOverhead.
func (u Up) Marshal(frame []byte) error {
	if len(frame) != len(u.Packet)+protocol.ExchangeOverhead {
		return errMalformed
	}
	clear(frame[:protocol.ExchangeOverhead])
	binary.BigEndian.PutUint64(frame, u.Received)
	copy(frame[protocol.ExchangeOverhead:], u.Packet)
	return nil
}

// ParseUp reads an up frame; Packet aliases frame.
func ParseUp(frame []byte) (Up, error) {
	if len(frame) < protocol.ExchangeOverhead ||
		!protocol.Zero(frame[8:protocol.ExchangeOverhead]) {
		return Up{}, errMalformed
	}
	return Up{binary.BigEndian.Uint64(frame), frame[protocol.ExchangeOverhead:]}, nil
}

// Down is a provider's half: one spooled reply, or a dummy of the same size.
//
//	sequence 8 (big-endian; 0: a dummy) | SURB id 16 | zero 8 | body | zeros to the packet's size
type Down struct {
	Sequence uint64
	SURBID   [16]byte
	Body     []byte
}

// Marshal writes d into frame and pads it with zeros.
func (d Down) Marshal(frame []byte) error {
	if len(frame) < protocol.ExchangeOverhead+len(d.Body) || (d.Sequence == 0 && len(d.Body) > 0) {
		return errMalformed
	}
	clear(frame)
	binary.BigEndian.PutUint64(frame, d.Sequence)
	copy(frame[8:24], d.SURBID[:])
	copy(frame[protocol.ExchangeOverhead:], d.Body)
	return nil
}

// ParseDown reads a down frame that carries a body of bodySize bytes; Body aliases frame and is nil
// in a dummy.
func ParseDown(frame []byte, bodySize int) (Down, error) {
	end := protocol.ExchangeOverhead + bodySize
	if len(frame) < end || !protocol.Zero(frame[24:protocol.ExchangeOverhead]) ||
		!protocol.Zero(frame[end:]) {
		return Down{}, errMalformed
	}
	d := Down{Sequence: binary.BigEndian.Uint64(frame), SURBID: [16]byte(frame[8:24])}
	if d.Sequence != 0 {
		d.Body = frame[protocol.ExchangeOverhead:end]
	} else if !protocol.Zero(frame[:end]) {
		return Down{}, errMalformed
	}
	return d, nil
}
