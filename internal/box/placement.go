package box

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"slices"
)

// Placement returns the k providers that hold the box, of those that store on this day: the ones
// with the highest SHA-256(identity ‖ day ‖ id), compared as big-endian numbers, the highest first.
// With fewer than k it returns all. The order of storing does not matter.
func Placement(day Day, id ID, storing []Holder, k int) []Holder {
	type score struct {
		holder Holder
		hash   [32]byte
	}
	scores := make([]score, len(storing))
	for i, h := range storing {
		scores[i] = score{h, rendezvous(h, day, id)}
	}
	slices.SortFunc(scores, func(a, b score) int { return bytes.Compare(b.hash[:], a.hash[:]) })
	held := make([]Holder, 0, k)
	for _, s := range scores[:min(max(k, 0), len(scores))] {
		held = append(held, s.holder)
	}
	return held
}

func rendezvous(h Holder, day Day, id ID) [32]byte {
	var in [32 + 2 + 32]byte
	copy(in[:], h[:])
	binary.BigEndian.PutUint16(in[32:], uint16(day))
	copy(in[34:], id[:])
	return sha256.Sum256(in[:])
}
