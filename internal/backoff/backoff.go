// Package backoff is the waits between tries of something that keeps failing: each twice the one
// before, and drawn between half of itself and all, so that those who fail together do not come
// back together.
//
// It does not wait itself, reads no clock, and knows nothing of what is tried.
package backoff

import (
	"math/rand/v2"
	"time"
)

// Backoff is the series of waits for one thing that is tried. It is not safe for concurrent use.
type Backoff struct {
	first, last, next time.Duration
	rng               *rand.Rand
}

// New doubles from first up to last; a last below first counts as first. Without rng each wait is
// whole, for those who fail alone.
func New(first, last time.Duration, rng *rand.Rand) *Backoff {
	return &Backoff{first: first, last: max(first, last), next: first, rng: rng}
}

// Next is the wait after one more failure.
func (b *Backoff) Next() time.Duration {
	wait := b.next
	if b.rng != nil {
		half := b.next / 2
		wait = half + time.Duration(b.rng.Int64N(int64(b.next-half)+1))
	}
	b.next = min(2*b.next, b.last)
	return wait
}

// Reset begins again with the first wait, after a success.
func (b *Backoff) Reset() { b.next = b.first }
