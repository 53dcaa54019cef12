package boxstream

import (
	"encoding/binary"

	"murmuration/internal/box"
)

// StartSize is that of a Start.
const StartSize = rootSize + numberSize + stateSize

const (
	rootSize   = 32 // Ed25519 public key of the capability
	numberSize = 8
	stateSize  = 32
)

// Start is where a reader of a stream begins: a read capability in 72 bytes where its marshalled
// form takes 136: instead of an index with its keys it holds the state just before, from which the
// first index and all later ones derive (BACAP's H), but nothing earlier.
//
//	root key 32 ‖ number of the index before 8 (big-endian) ‖ H of the index before 32
type Start [StartSize]byte

// Offsets in box.ReadCap's marshalled form: root 32 ‖ number 8 (little-endian) ‖ K 32 ‖ E 32 ‖ H
// 32.
const (
	capNumber = rootSize
	capState  = rootSize + numberSize + 32 + 32
)

// NewStart shortens a capability to read from the index after `before` on.
func NewStart(c *box.ReadCap, before box.Index) (s Start) {
	long := c.At(before).Marshal()
	copy(s[:], long[:rootSize])
	binary.BigEndian.PutUint64(s[rootSize:], before.Number())
	copy(s[rootSize+numberSize:], long[capState:])
	return s
}

// Open is the capability, and the first index that it can read.
func (s Start) Open() (*box.ReadCap, box.Index, error) {
	long := make([]byte, box.ReadCapSize)
	copy(long, s[:rootSize])
	binary.LittleEndian.PutUint64(long[capNumber:], binary.BigEndian.Uint64(s[rootSize:]))
	copy(long[capState:], s[rootSize+numberSize:])
	c, err := box.ParseReadCap(long)
	if err != nil {
		return nil, box.Index{}, err
	}
	first := c.Start().Next()
	return c.At(first), first, nil
}

// Before is the root key of the stream, and the number of the index before the first that can be
// read.
func (s Start) Before() (root [32]byte, number uint64) {
	return [32]byte(s[:rootSize]), binary.BigEndian.Uint64(s[rootSize:])
}

// String keeps the capability out of logs.
func (Start) String() string { return "[start of a stream]" }

// Start is for whoever reads on where r is, elsewhere: behind its first open index, since the state
// before that is not known any more.
func (r Reader) Start() (Start, error) {
	c, err := box.ParseReadCap(r.Cap)
	if err != nil {
		return Start{}, err
	}
	return NewStart(c, c.Start()), nil
}
