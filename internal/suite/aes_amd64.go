//go:build amd64 && !purego

package suite

import "encoding/binary"

// The CPU's AES instructions, called without an allocation: neither the
// standard library nor the AEZ module can be keyed without one, and a packet
// brings new keys for both.

// hasAES tells whether stream_amd64.s and wide_amd64.s may run.
var hasAES, hasAVX = detect()

func detect() (aes, avx bool) {
	const ssse3, sse41, aesni, osxsave, avxBit = 1 << 9, 1 << 19, 1 << 25, 1 << 27, 1 << 28
	const aesAll, avxAll = ssse3 | sse41 | aesni, osxsave | avxBit
	_, _, features, _ := cpuid(1, 0)
	aes = features&aesAll == aesAll
	avx = features&avxAll == avxAll && xgetbv()&6 == 6
	return aes, avx
}

//go:noescape
func cpuid(leaf, sub uint32) (a, b, c, d uint32)

//go:noescape
func xgetbv() uint32

// vzeroupper is the instruction of that name.
//
//go:noescape
func vzeroupper()

// zeroUpper clears the upper vector registers. circl's AVX2 code leaves them
// dirty, and SSE code after it (SHA-NI, AES-NI) then runs five to ten times
// slower.
func zeroUpper() {
	if hasAVX {
		vzeroupper()
	}
}

// block is one AES block.
type block [16]byte

// streamState is AES-256-CTR: the round keys, and eight blocks for the tail.
type streamState struct {
	round   [15]block
	counter [2]uint64 // high and low half
	tail    [counterStep]byte
}

// counterStep is how many bytes counter8 does at once: eight blocks keep the
// AES unit busy.
const counterStep = 128

// expandKey256 makes the round keys of FIPS 197 from a 32-byte key.
//
//go:noescape
func expandKey256(round *[15]block, key *byte)

// counter8 XORs 128 bytes of keystream a time into b, and counts on.
//
//go:noescape
func counter8(round *[15]block, counter *[2]uint64, b *byte, times int)

func (s *streamState) xor(key *StreamKey, b []byte) {
	expandKey256(&s.round, &key[0])
	s.counter[0] = binary.BigEndian.Uint64(key[32:])
	s.counter[1] = binary.BigEndian.Uint64(key[40:])
	if n := len(b) / counterStep; n > 0 {
		counter8(&s.round, &s.counter, &b[0], n)
		b = b[n*counterStep:]
	}
	if len(b) > 0 {
		copy(s.tail[:], b)
		counter8(&s.round, &s.counter, &s.tail[0], 1)
		copy(b, s.tail[:])
	}
}

func (s *streamState) erase() { *s = streamState{} }
