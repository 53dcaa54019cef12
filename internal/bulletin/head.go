package bulletin

import (
	"crypto/sha256"
	"encoding/binary"

	"murmuration/internal/box"
)

// HeadSize is what a head takes of a reply, in bytes.
const HeadSize = 32

const headMakers = 64 // that one head can name

// Head is what a provider says, in every reply, of all makers' bulletins of one slot: whose it has,
// and a sum over them. It is not signed; that three say the same is what counts.
type Head struct {
	Slot   box.Slot
	Makers [8]byte  // bit i%8 (from the lowest) of byte i/8: see HeadMaker
	Sum    [20]byte // first bytes of SHA-256 over the named bodies' hashes, by bits
}

// HeadMaker is the index, of n makers, that bit i stands for: over 64 makers each slot's head
// begins elsewhere.
func HeadMaker(s box.Slot, n, i int) int {
	if n <= headMakers {
		return i
	}
	return int((uint64(s) + uint64(i)) % uint64(n))
}

// NewHead is that of a slot of which a provider has these bodies, by index of their makers; a zero
// hash stands for none.
func NewHead(s box.Slot, bodies []Hash) Head {
	h := Head{Slot: s}
	for i := range min(len(bodies), headMakers) {
		if bodies[HeadMaker(s, len(bodies), i)] != (Hash{}) {
			h.Makers[i/8] |= 1 << (i % 8)
		}
	}
	h.Sum, _ = h.sum(bodies)
	return h
}

// sum is what the head's must be if these are the bodies of those that it names; whole is false if
// one of them is missing here.
func (h Head) sum(bodies []Hash) (sum [20]byte, whole bool) {
	hash, whole := sha256.New(), true
	for _, m := range h.Named(len(bodies)) {
		whole = whole && bodies[m] != Hash{}
		hash.Write(bodies[m][:])
	}
	return [20]byte(hash.Sum(nil)), whole
}

// Named are the indices of the makers whose bulletins the head names, of n, by bits.
func (h Head) Named(n int) (indices []int) {
	for i := range min(n, headMakers) {
		if h.Makers[i/8]&(1<<(i%8)) != 0 {
			indices = append(indices, HeadMaker(h.Slot, n, i))
		}
	}
	return indices
}

// Covers says whether the head could name a maker by its index, of n: over 64 makers a slot's head
// says nothing of some.
func (h Head) Covers(n, index int) bool {
	for i := range min(n, headMakers) {
		if HeadMaker(h.Slot, n, i) == index {
			return true
		}
	}
	return false
}

// Fits compares the head with the bodies that are known here, by index of their makers. known is
// false if the head names one that is missing here: then nothing can be said.
func (h Head) Fits(bodies []Hash) (fits, known bool) {
	sum, whole := h.sum(bodies)
	return sum == h.Sum, whole
}

// None says whether a reply carries no head: all bytes are zero.
func (h Head) None() bool { return h == Head{} }

// Marshal is slot 4 ‖ makers 8 ‖ sum 20.
func (h Head) Marshal() (b [HeadSize]byte) {
	binary.BigEndian.PutUint32(b[:], uint32(h.Slot))
	copy(b[4:], h.Makers[:])
	copy(b[12:], h.Sum[:])
	return b
}

// ParseHead is the inverse of Marshal; all bytes are a head of something.
func ParseHead(b [HeadSize]byte) Head {
	return Head{box.Slot(binary.BigEndian.Uint32(b[:])), [8]byte(b[4:12]), [20]byte(b[12:])}
}
