// Package stat is the simulator's statistics: sources of random numbers that are named rather than
// shared, the spread of independent replications, quantiles, histograms that merge, warm-up and
// stopping rules, and the tests that compare a sample with a distribution. It must not know what is
// being simulated, read a clock, or draw randomness that has no seed.
package stat

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
)

// Rand is a source of random numbers: xoshiro256++ of Blackman and Vigna (2021), 256 bits of state,
// period 2^256 − 1. It is fast and not fit for keys. It is a math/rand/v2 Source. A Rand serves one
// goroutine.
type Rand struct{ s0, s1, s2, s3 uint64 }

// Seed returns the source that belongs to a purpose of an entity in one replication of one cell.
// Sources are found by hashing their name (SHA-256, all 256 bits become state), never by drawing
// from one another, so that a new metric shifts no other, and two cells that should share
// random numbers can name the same cell.
func Seed(seed uint64, cell, replication, entity uint64, purpose string) *Rand {
	name := make([]byte, 0, 32+len(purpose))
	for _, n := range [...]uint64{seed, cell, replication, entity} {
		name = binary.LittleEndian.AppendUint64(name, n)
	}
	sum := sha256.Sum256(append(name, purpose...))
	word := func(i int) uint64 { return binary.LittleEndian.Uint64(sum[8*i:]) }
	return &Rand{word(0), word(1), word(2), word(3)}
}

// Uint64 returns 64 uniform bits.
func (r *Rand) Uint64() uint64 {
	out := bits.RotateLeft64(r.s0+r.s3, 23) + r.s0
	t := r.s1 << 17
	r.s2 ^= r.s0
	r.s3 ^= r.s1
	r.s1 ^= r.s2
	r.s0 ^= r.s3
	r.s2 ^= t
	r.s3 = bits.RotateLeft64(r.s3, 45)
	return out
}

// Float64 returns a uniform number in [0, 1), a multiple of 2^-53.
func (r *Rand) Float64() float64 { return float64(r.Uint64()>>11) * 0x1p-53 }

// IntN returns a uniform number in [0, n), for n ≥ 1. Multiplying instead of rejecting makes some
// values more probable than others by at most n/2^64 of their share, which no simulation can see.
func (r *Rand) IntN(n int) int {
	hi, _ := bits.Mul64(r.Uint64(), uint64(n))
	return int(hi)
}
