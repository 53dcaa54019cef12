package box

import (
	"crypto/sha256"

	"murmuration/internal/protocol"
)

// Slot counts the times at which every provider that stores boxes says which it got: slot 0 begins
// with the network (docs/box.md).
type Slot uint32

// EntrySize is the size of an Entry in bytes.
const EntrySize = 5

// Entry is what is announced of a box: enough for who knows its id to recognise it, and too little
// to ask for it elsewhere.
type Entry [EntrySize]byte

// EntryOf is the beginning of SHA-256("murmuration/entry/v1" ‖ id).
func EntryOf(id ID) (e Entry) {
	sum := sha256.Sum256(append([]byte(protocol.EntryLabel), id[:]...))
	copy(e[:], sum[:])
	return e
}
