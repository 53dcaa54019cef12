// Package replay remembers which packets a mix key has seen: an exact, bounded set of tags in
// memory ([Set], pure) and its durable side ([Journal]).
//
// The order of events is the point of the package. The core adds a packet's tag to the Set as soon
// as the packet's MAC has passed, so that a second copy is refused at once; the driver appends the
// tag to the Journal and fsyncs it before the packet leaves. A tag may be on the disk whose packet
// never left, which costs that one packet; a packet never leaves whose tag is not on the disk.
package replay

import (
	"encoding/binary"
	"errors"
	"math/bits"
)

// Tag identifies a packet: the SHA-512/256 of its group element or KEM ciphertext (32 bytes).
type Tag = [32]byte

// ErrFull says that the set has reached its capacity. The packet must be dropped: to forward
// without remembering would open the door to replays.
var ErrFull = errors.New("replay set is full")

const (
	// keySize is how much of a tag is kept, in bytes. Two of 2^32 packets agree in 160 bits with
	// probability 2^-97, and then the second one is lost.
	keySize = 20

	// The table has 4/3 slots for each entry of capacity: 26.7 bytes an entry, and at full load a
	// probe of 8.5 slots on the average for a fresh tag, mostly within two cache lines.
	slotsNum, slotsDen = 4, 3
)

type key [keySize]byte

// Secret keys the order of the table, so that nobody can make packets that all land in one place.
type Secret [16]byte

// Set holds tags by open addressing with linear probing. It is used by one goroutine at a time.
type Set struct {
	k0, k1   uint64
	table    []key // the zero key is an empty slot
	zero     bool  // the zero key is in the set
	len, cap int
}

// NewSet returns an empty set for capacity tags. The memory, 27 bytes for each, is taken from the
// system as it is touched.
func NewSet(capacity int, secret Secret) *Set {
	if capacity < 1 {
		panic("replay: capacity below one")
	}
	return &Set{
		k0:    binary.LittleEndian.Uint64(secret[:8]),
		k1:    binary.LittleEndian.Uint64(secret[8:]),
		table: make([]key, capacity*slotsNum/slotsDen+1),
		cap:   capacity,
	}
}

// Add puts the tag into the set. It is not fresh if it was there before; a tag that is there is
// recognised even when the set is full, and a fresh one is then refused with ErrFull.
func (s *Set) Add(tag Tag) (fresh bool, err error) { return s.add(key(tag[:keySize])) }

func (s *Set) add(k key) (bool, error) {
	slot, found := s.find(k)
	switch {
	case found:
		return false, nil
	case s.len == s.cap:
		return false, ErrFull
	case k == key{}:
		s.zero = true
	default:
		s.table[slot] = k
	}
	s.len++
	return true, nil
}

// has reports whether the tag is in the set.
func (s *Set) has(tag Tag) bool {
	_, found := s.find(key(tag[:keySize]))
	return found
}

// find returns the slot of k, or the empty one where it belongs. At least a quarter of the slots is
// empty, so it ends.
func (s *Set) find(k key) (slot uint64, found bool) {
	if k == (key{}) {
		return 0, s.zero
	}
	for i := s.home(k); ; i++ {
		if i == uint64(len(s.table)) {
			i = 0
		}
		if s.table[i] == k {
			return i, true
		}
		if s.table[i] == (key{}) {
			return i, false
		}
	}
}

// home is the slot where probing for k begins: a keyed 64-bit mix of the tag's own bits (they are a
// hash's already; the multiplication folds the secret in), scaled to the table.
func (s *Set) home(k key) uint64 {
	a := binary.LittleEndian.Uint64(k[0:8])
	b := binary.LittleEndian.Uint64(k[8:16])
	hi, lo := bits.Mul64(a^s.k0, b^s.k1)
	hi, lo = bits.Mul64(hi^lo^s.k1, 0x9e3779b97f4a7c15)
	slot, _ := bits.Mul64(hi^lo, uint64(len(s.table)))
	return slot
}

// Len is the number of tags in the set.
func (s *Set) Len() int { return s.len }

// Capacity is the number of tags that the set takes.
func (s *Set) Capacity() int { return s.cap }
