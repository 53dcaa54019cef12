package siv

import (
	"encoding/binary"
	"math/bits"
)

// field is a polynomial over two elements of degree below 128; the low word first, in which bit 0
// is the constant (RFC 8452 section 3).
type field struct{ low, high uint64 }

func fieldOf(b []byte) field {
	return field{binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])}
}

func (f field) bytes() (b [blockSize]byte) {
	binary.LittleEndian.PutUint64(b[:], f.low)
	binary.LittleEndian.PutUint64(b[8:], f.high)
	return b
}

// polyval is the hash of blocks under a key: sum = (sum + block) · key · x⁻¹²⁸ for each.
type polyval struct {
	key, reversed, sum field
}

func newPolyval(key field) polyval {
	return polyval{key: key, reversed: field{bits.Reverse64(key.low), bits.Reverse64(key.high)}}
}

// write takes b, padded with zeros to whole blocks.
func (p *polyval) write(b []byte) {
	for ; len(b) >= blockSize; b = b[blockSize:] {
		p.block(fieldOf(b))
	}
	if len(b) > 0 {
		var last [blockSize]byte
		copy(last[:], b)
		p.block(fieldOf(last[:]))
	}
}

// block multiplies as Thomas Pornin's BearSSL does (ghash_ctmul64.c): the low half of each product
// of words from their bits, the high half from their bits in reverse, Karatsuba over both words,
// and then the reduction modulo x¹²⁸ + x¹²⁷ + x¹²⁶ + x¹²¹ + 1.
func (p *polyval) block(b field) {
	y := field{p.sum.low ^ b.low, p.sum.high ^ b.high}
	r := field{bits.Reverse64(y.low), bits.Reverse64(y.high)}

	low := multiply(y.low, p.key.low)
	high := multiply(y.high, p.key.high)
	mid := multiply(y.low^y.high, p.key.low^p.key.high) ^ low ^ high
	lowR := multiply(r.low, p.reversed.low)
	highR := multiply(r.high, p.reversed.high)
	midR := multiply(r.low^r.high, p.reversed.low^p.reversed.high) ^ lowR ^ highR

	v0 := low
	v1 := bits.Reverse64(lowR)>>1 ^ mid
	v2 := high ^ bits.Reverse64(midR)>>1
	v3 := bits.Reverse64(highR) >> 1

	v2 ^= v0 ^ v0>>1 ^ v0>>2 ^ v0>>7
	v1 ^= v0<<63 ^ v0<<62 ^ v0<<57
	v3 ^= v1 ^ v1>>1 ^ v1>>2 ^ v1>>7
	v2 ^= v1<<63 ^ v1<<62 ^ v1<<57
	p.sum = field{v2, v3}
}

// multiply is the low 64 bits of a product without carries: with three zeros between each two bits,
// what is carried by a multiplication of numbers falls into the zeros.
func multiply(x, y uint64) uint64 {
	const m0, m1, m2, m3 = 0x1111111111111111, 0x2222222222222222, 0x4444444444444444,
		0x8888888888888888
	x0, x1, x2, x3 := x&m0, x&m1, x&m2, x&m3
	y0, y1, y2, y3 := y&m0, y&m1, y&m2, y&m3
	return (x0*y0^x1*y3^x2*y2^x3*y1)&m0 |
		(x0*y1^x1*y0^x2*y3^x3*y2)&m1 |
		(x0*y2^x1*y1^x2*y0^x3*y3)&m2 |
		(x0*y3^x1*y2^x2*y1^x3*y0)&m3
}
