// Package cover draws the times at which a node speaks and the delays that it asks for.
//
// The streams of a client (payload λP, loop λL, drop λD) and the loops of a mix (λM) are Poisson
// processes: the gaps between two slots are independent and exponential (Loopix, USENIX Security
// 2017, section 4). A schedule has its own generator, so that nothing that a node does in a slot
// can move the next one. The package knows neither packets nor clocks.
package cover

import (
	"math/rand/v2"
	"time"
)

// Exp draws an exponential duration of the given mean (nanosecond resolution, at least 1 ns).
func Exp(rng *rand.Rand, mean time.Duration) time.Duration {
	return max(1, time.Duration(rng.ExpFloat64()*float64(mean)))
}

// HopDelay draws the delay that a sender asks of one hop: exponential of the given mean, in whole
// milliseconds as NodeDelay carries them, drawn again while above limit (a network value, so that
// no packet outlives its keys). A limit of ten means cuts e⁻¹⁰ of the distribution.
func HopDelay(rng *rand.Rand, mean, limit time.Duration) time.Duration {
	for {
		if d := Exp(rng, mean).Round(time.Millisecond); d <= limit {
			return d
		}
	}
}

// Schedule is one Poisson stream. The zero value is of no use; a Schedule is not safe for
// concurrent use.
type Schedule struct {
	every time.Duration
	rng   *rand.Rand
	next  time.Time
}

// NewSchedule starts a stream at now with one slot every `every` on average; the first slot is
// one exponential gap after now. rng belongs to the schedule from then on.
func NewSchedule(rng *rand.Rand, every time.Duration, now time.Time) *Schedule {
	return &Schedule{every: every, rng: rng, next: now.Add(Exp(rng, every))}
}

// Next is the time of the coming slot.
func (s *Schedule) Next() time.Time { return s.next }

// Advance passes the coming slot and draws the gap to the one after it. A node that was asleep
// does not catch up: Skip moves the stream to now first.
func (s *Schedule) Advance() { s.next = s.next.Add(Exp(s.rng, s.every)) }

// Skip forgets the slots before now, as after a suspended laptop or a lost connection: the process
// has no memory, so that it may simply start again.
func (s *Schedule) Skip(now time.Time) {
	if s.next.Before(now) {
		s.next = now.Add(Exp(s.rng, s.every))
	}
}
