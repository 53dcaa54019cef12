package mix

import (
	"math/rand/v2"
	"testing"
	"time"

	"murmuration/internal/cover"
	"murmuration/internal/directory"
	"murmuration/internal/sphinx"
)

var (
	outLink = directory.NodeID{'o'}
	inLink  = directory.NodeID{'i'}
)

// watch runs loops for length, losing each with the probability that lost gives for its time, and
// tells when the first alarm came.
func watch(seed uint64, every, timeout, length time.Duration,
	lost func(time.Duration) float64) (alarm time.Duration, raised bool) {
	rng := rand.New(rand.NewPCG(seed, 1))
	r := NewReturns()
	slots := cover.NewSchedule(rand.New(rand.NewPCG(seed, 2)), every, epoch0)
	looked := epoch0
	for n := byte(0); ; n++ {
		now := slots.Next()
		at := now.Sub(epoch0)
		// a node looks whenever a packet leaves
		for ; looked.Before(now); looked = looked.Add(time.Second) {
			r.Expire(looked)
			if _, alarmed := r.Ratio(); alarmed {
				return looked.Sub(epoch0), true
			}
		}
		if at > length {
			return 0, false
		}
		id := sphinx.RecipientID{n, byte(at), byte(at >> 8), byte(at >> 16), byte(at >> 24)}
		r.Sent(id, outLink, inLink, now.Add(timeout))
		if rng.Float64() >= lost(at) {
			r.Returned(id)
		}
		slots.Advance()
	}
}

// TestDroppingNeighbourIsNoticed: alarm within eight mean intervals plus the time-out in at least
// 95 % of trials, once everything is dropped.
func TestDroppingNeighbourIsNoticed(t *testing.T) {
	const trials, every, timeout, quiet = 2000, 10 * time.Second, 40 * time.Second, time.Hour
	inTime := 0
	for seed := range uint64(trials) {
		at, ok := watch(seed, every, timeout, 2*quiet, func(at time.Duration) float64 {
			if at < quiet {
				return 0.01
			}
			return 1
		})
		if ok && at >= quiet && at-quiet <= 8*every+timeout {
			inTime++
		}
	}
	t.Logf("alarm in time in %d of %d trials", inTime, trials)
	if inTime < trials*95/100 {
		t.Errorf("alarm in time in %d of %d trials, want 95 %%", inTime, trials)
	}
}

// TestFalseAlarms: less than one in a simulated week at 1 % loss; the control has 40 % loss.
func TestFalseAlarms(t *testing.T) {
	const week = 7 * 24 * time.Hour
	alarms := func(loss float64) (n int) {
		for seed := range uint64(20) {
			if _, raised := watch(seed, 10*time.Second, 40*time.Second, week,
				func(time.Duration) float64 { return loss }); raised {
				n++
			}
		}
		return n
	}
	if n := alarms(0.01); n > 0 {
		t.Errorf("%d of 20 weeks had a false alarm at 1 %% loss", n)
	}
	if n := alarms(0.4); n < 20 {
		t.Errorf("control: only %d of 20 weeks had an alarm at 40 %% loss", n)
	}
}

func TestNothingReturnedIsTheWorstValue(t *testing.T) {
	r := NewReturns()
	if ratio, _ := r.Ratio(); ratio != 0 {
		t.Errorf("before any loop the ratio is %v, want 0", ratio)
	}
	r.Sent(sphinx.RecipientID{1}, outLink, inLink, epoch0.Add(time.Second))
	if !r.Returned(sphinx.RecipientID{1}) || r.Returned(sphinx.RecipientID{1}) {
		t.Error("a loop comes back exactly once")
	}
	if ratio, _ := linkRatio(r, outLink); ratio != 1 {
		t.Errorf("after one return the link's ratio is %v, want 1", ratio)
	}
	r.Sent(sphinx.RecipientID{2}, outLink, inLink, epoch0.Add(time.Second))
	r.Expire(epoch0.Add(time.Second))
	if ratio, _ := linkRatio(r, inLink); ratio != 0.5 {
		t.Errorf("after one return and one loss the ratio is %v, want 0.5", ratio)
	}
	if r.Returned(sphinx.RecipientID{2}) {
		t.Error("a loop that was given up comes back as unknown")
	}
	r.Keep(map[directory.NodeID]struct{}{inLink: {}})
	if ratio, _ := linkRatio(r, outLink); ratio != 0 {
		t.Error("a link that is gone is still remembered")
	}
}

// linkRatio is the ratio of one link.
func linkRatio(r *Returns, neighbour directory.NodeID) (ratio float64, alarm bool) {
	if l := r.links[neighbour]; l != nil {
		return l.ratio()
	}
	return 0, false
}
