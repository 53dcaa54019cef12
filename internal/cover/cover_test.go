package cover

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func rng(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

// exponential says whether a sample could be of Exp(mean): Kolmogorov–Smirnov at α = 10⁻⁴.
func exponential(sample []time.Duration, mean time.Duration) bool {
	slices.Sort(sample)
	n, d := float64(len(sample)), 0.0
	for i, x := range sample {
		p := 1 - math.Exp(-float64(x)/float64(mean))
		d = max(d, math.Abs(p-float64(i)/n), math.Abs(float64(i+1)/n-p))
	}
	return d <= math.Sqrt(math.Log(2/1e-4)/2)/math.Sqrt(n)
}

const draws = 10_000

// TestGapsAreExponential, and those of a stream that catches up or ticks are not.
func TestGapsAreExponential(t *testing.T) {
	const every = 10 * time.Second
	gaps := func(advance func(s *Schedule)) (out []time.Duration) {
		s := NewSchedule(rng(1), every, start)
		for before := start; len(out) < draws; {
			out = append(out, s.Next().Sub(before))
			before = s.Next()
			advance(s)
		}
		return out
	}
	if !exponential(gaps(func(s *Schedule) { s.Advance() }), every) {
		t.Error("the gaps of a stream are not exponential")
	}
	if exponential(gaps(func(s *Schedule) { s.next = s.next.Add(every) }), every) {
		t.Error("control: a clock that ticks passes for a Poisson stream")
	}
}

// TestSkipHasNoMemory: after a sleep of whatever length, the time to the next slot is exponential,
// and no slot of the past is left. Control: a stream that is not told has one at once.
func TestSkipHasNoMemory(t *testing.T) {
	const every = 10 * time.Second
	for _, asleep := range []time.Duration{time.Second, time.Hour} {
		var waits []time.Duration
		for seed := range uint64(draws) {
			s := NewSchedule(rng(seed), every, start)
			now := start.Add(asleep)
			s.Skip(now)
			if s.Next().Before(now) {
				t.Fatal("a slot of the past is left")
			}
			waits = append(waits, s.Next().Sub(now))
		}
		if !exponential(waits, every) {
			t.Errorf("after %v the wait is not exponential", asleep)
		}
	}
	if s := NewSchedule(rng(1), every, start); !s.Next().Before(start.Add(time.Hour)) {
		t.Error("control: a stream slept for an hour and missed nothing")
	}
}

// TestSkipLeavesTheFuture: a slot that has not come is not moved.
func TestSkipLeavesTheFuture(t *testing.T) {
	s := NewSchedule(rng(1), time.Hour, start)
	next := s.Next()
	if s.Skip(start); !s.Next().Equal(next) {
		t.Error("Skip moved a slot of the future")
	}
}

// TestHopDelay: whole milliseconds, never above the limit, and below it exponential.
func TestHopDelay(t *testing.T) {
	const mean, limit = 200 * time.Millisecond, 2 * time.Second
	r := rng(2)
	var all, short []time.Duration
	for range draws {
		d := HopDelay(r, mean, limit)
		if d > limit || d < 0 || d%time.Millisecond != 0 {
			t.Fatalf("a delay of %v", d)
		}
		all = append(all, d)
		short = append(short, HopDelay(r, mean, mean/2))
	}
	if !exponential(all, mean) {
		t.Error("the delays are not exponential")
	}
	if exponential(short, mean) || slices.Max(short) > mean/2 {
		t.Error("control: delays cut at half the mean pass for exponential, or are not cut")
	}
}

// TestSchedulesAreReproducible: one seed, one stream.
func TestSchedulesAreReproducible(t *testing.T) {
	a, b, c := NewSchedule(rng(1), time.Second, start), NewSchedule(rng(1), time.Second,
		start), NewSchedule(rng(2), time.Second, start)
	for range 100 {
		if !a.Next().Equal(b.Next()) {
			t.Fatal("two schedules of one seed differ")
		}
		if a.Next().Equal(c.Next()) {
			t.Fatal("control: two schedules of two seeds agree")
		}
		a.Advance()
		b.Advance()
		c.Advance()
	}
}
