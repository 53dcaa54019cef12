package suite

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"hash"
)

// kdfInfo is the info of HKDF-Expand, fixed by the Katzenpost parameters.
const kdfInfo = "katzenpost-kdf-v0-hkdf-sha256"

// mac is HMAC-SHA-256 (RFC 2104) for 32-byte keys, without allocations: the
// standard library's makes two hashes for each key.
type mac struct {
	h     hash.Hash
	block [sha256.BlockSize]byte
	sum   [sha256.Size]byte
}

func newMAC() mac { return mac{h: sha256.New()} }

// The two paddings of a key, whole blocks.
var (
	innerPad = [sha256.BlockSize]byte(bytes.Repeat([]byte{0x36}, sha256.BlockSize))
	outerPad = [sha256.BlockSize]byte(bytes.Repeat([]byte{0x5c}, sha256.BlockSize))
)

func (m *mac) start(key *[32]byte) { m.pad(key, &innerPad) }

func (m *mac) pad(key *[32]byte, with *[sha256.BlockSize]byte) {
	m.block = *with
	subtle.XORBytes(m.block[:32], m.block[:32], key[:])
	m.h.Reset()
	m.h.Write(m.block[:])
}

// finish leaves the result in m.sum.
func (m *mac) finish(key *[32]byte) {
	m.h.Sum(m.sum[:0])
	m.pad(key, &outerPad)
	m.h.Write(m.sum[:])
	m.h.Sum(m.sum[:0])
}

// erase also pushes zeros through the hash: Reset alone leaves its buffer.
func (m *mac) erase() {
	clear(m.block[:])
	clear(m.sum[:])
	m.h.Reset()
	m.h.Write(m.block[:sha256.BlockSize-1])
	m.h.Reset()
}

// Authenticate returns HMAC-SHA-256 over the concatenation of two parts.
func (e *Engine) Authenticate(key *[32]byte, a, b []byte) [32]byte {
	e.mac.start(key)
	e.mac.h.Write(a)
	e.mac.h.Write(b)
	e.mac.finish(key)
	return e.mac.sum
}

// Verify compares a received MAC in constant time.
func (e *Engine) Verify(key *[32]byte, message, tag []byte) bool {
	want := e.Authenticate(key, message, nil)
	return subtle.ConstantTimeCompare(want[:], tag) == 1
}

// expander is HKDF-Expand (RFC 5869, section 2.3) with the shared secret itself
// as the pseudorandom key.
type expander struct {
	mac mac
	out [5 * sha256.Size]byte
}

var infoAndCounter = func() (infos [5][]byte) {
	for i := range infos {
		infos[i] = append([]byte(kdfInfo), byte(i+1))
	}
	return infos
}()

// hopKeys cuts the 160 bytes in the order of the specification. The last 32 are the blinding seed,
// which costs a fifth of all: without blinding it stays zero.
func (x *expander) hopKeys(secret *[sharedSize]byte, keys *HopKeys, blinding bool) {
	blocks := infoAndCounter[:]
	if !blinding {
		blocks = blocks[:len(blocks)-1]
		clear(x.out[len(blocks)*sha256.Size:])
	}
	for i, info := range blocks {
		x.mac.start(secret)
		if i > 0 {
			x.mac.h.Write(x.mac.sum[:])
		}
		x.mac.h.Write(info)
		x.mac.finish(secret)
		copy(x.out[i*sha256.Size:], x.mac.sum[:])
	}
	b := x.out[:]
	b = b[copy(keys.MAC[:], b):]
	b = b[copy(keys.Stream[:], b):]
	b = b[copy(keys.wide[:], b):]
	copy(keys.blind[:], b)
}

func (x *expander) erase() {
	x.mac.erase()
	clear(x.out[:])
}
