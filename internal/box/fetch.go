package box

import (
	"encoding/binary"

	"murmuration/internal/protocol"
)

// FetchKey names a box by where a provider listed it, so that those who know its id and those who
// do not ask alike. In the place of an id:
//
//	slot 4 ‖ entry 5 ‖ n 1 ‖ zero 22
type FetchKey struct {
	Slot  Slot
	Entry Entry
	N     uint8 // which of equal entries of the slot, from 0
}

func (k FetchKey) field() (f ID) {
	binary.BigEndian.PutUint32(f[:], uint32(k.Slot))
	copy(f[4:], k.Entry[:])
	f[9] = k.N
	return f
}

// parseFetchKey is the inverse of field; false for every other spelling.
func parseFetchKey(f ID) (k FetchKey, ok bool) {
	k = FetchKey{Slot: Slot(binary.BigEndian.Uint32(f[:])), Entry: Entry(f[4:9]), N: f[9]}
	return k, protocol.Zero(f[10:])
}

// Question asks for a piece of what a provider has of bulletins; what kinds there are, and what
// their numbers count, is docs/bulletin.md's. In the place of an id:
//
//	kind 1 ‖ maker 2 ‖ number 4 ‖ piece 2 ‖ zero 23
type Question struct {
	Kind   uint8
	Maker  uint16
	Number uint32 // a slot or a roll
	Piece  uint16 // from 0
}

func (q Question) field() (f ID) {
	f[0] = q.Kind
	binary.BigEndian.PutUint16(f[1:], q.Maker)
	binary.BigEndian.PutUint32(f[3:], q.Number)
	binary.BigEndian.PutUint16(f[7:], q.Piece)
	return f
}

// parseQuestion is the inverse of field; false for every other spelling.
func parseQuestion(f ID) (q Question, ok bool) {
	q = Question{Kind: f[0], Maker: binary.BigEndian.Uint16(f[1:]),
		Number: binary.BigEndian.Uint32(f[3:]), Piece: binary.BigEndian.Uint16(f[7:])}
	return q, protocol.Zero(f[9:])
}
