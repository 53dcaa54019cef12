package exchange

import (
	"encoding/binary"

	"murmuration/internal/protocol"
)

// Question asks the own provider to get a batch of write tokens from a holder (docs/token.md). It
// goes up in the place of a packet, and has a packet's size.
//
//	day 4 (big-endian) | holder 32 | count 2 (big-endian) | count elements of 32 | zeros
type Question struct {
	Day      uint32
	Holder   [32]byte
	Elements []byte // blinded ones, 32 bytes each, 1 to protocol.MostTokens; not looked at here
}

// Marshal writes q into what is to go in the place of a packet.
func (q Question) Marshal(packet []byte) error {
	n := len(q.Elements) / protocol.TokenElement
	if n < 1 || n > protocol.MostTokens || len(q.Elements) != n*protocol.TokenElement ||
		len(packet) < protocol.QuestionHead+len(q.Elements) {
		return errMalformed
	}
	clear(packet)
	binary.BigEndian.PutUint32(packet, q.Day)
	copy(packet[4:], q.Holder[:])
	binary.BigEndian.PutUint16(packet[36:], uint16(n))
	copy(packet[protocol.QuestionHead:], q.Elements)
	return nil
}

// ParseQuestion reads what Marshal writes, and refuses every other spelling. Elements aliases
// packet.
func ParseQuestion(packet []byte) (q Question, err error) {
	if len(packet) < protocol.QuestionHead {
		return q, errMalformed
	}
	n := int(binary.BigEndian.Uint16(packet[36:]))
	end := protocol.QuestionHead + n*protocol.TokenElement
	if n < 1 || n > protocol.MostTokens || len(packet) < end || !protocol.Zero(packet[end:]) {
		return q, errMalformed
	}
	return Question{binary.BigEndian.Uint32(packet), [32]byte(packet[4:]),
		packet[protocol.QuestionHead:end:end]}, nil
}
