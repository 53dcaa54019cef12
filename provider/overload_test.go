package provider

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"

	"murmuration/internal/counted"
	"murmuration/internal/cover"
	"murmuration/internal/directory"
	"murmuration/internal/protocol"
	"murmuration/internal/replay"
	"murmuration/internal/sphinx"
	"murmuration/internal/transit"
	"murmuration/mix"
)

// surge is an edge whose disk does a hundred requests a second, of which many times as many may
// come.
type surge struct {
	edge    *Edge
	rng     *rand.Rand
	now     time.Time
	queue   []Job
	free    time.Time // when the disk has done what it is at
	at      uint64    // job that it is at; 0 for none
	skip    bool      // what cannot be in time
	offered uint64
	left    int
	dropped map[transit.Reason]int
}

const (
	surgeService = 10 * time.Millisecond
	surgeMean    = 2 * time.Second
	surgeRoom    = 2_000
)

func newSurge(skip bool, packets int) *surge {
	s := &surge{rng: rand.New(rand.NewPCG(15, 0)), now: epoch0, free: epoch0, skip: skip,
		dropped: map[transit.Reason]int{}}
	s.edge = NewEdge(Limits{Packets: surgeRoom, Replies: surgeRoom, Spools: 1})
	s.edge.SetDocument(directory.Parameters{PayloadEvery: time.Second, LoopEvery: time.Second,
		DropEvery: time.Second, ReplyAllowance: 50 * time.Millisecond})
	s.edge.Relay().SetRules(mix.Rules{DelayLimit: 10 * surgeMean,
		Next: map[directory.NodeID]struct{}{}})
	s.edge.Relay().OpenEpoch(0, epoch0, epoch0.Add(1000*time.Hour),
		replay.NewSet(packets, replay.Secret{}))
	return s
}

// run offers requests at a Poisson rate for so long, and returns how many replies left.
func (s *surge) run(rate float64, long time.Duration) (left int) {
	end, before := s.now.Add(long), s.left
	for next := s.now; next.Before(end); {
		s.until(next)
		s.offer()
		wait := s.rng.ExpFloat64() / rate * float64(time.Second)
		next = next.Add(time.Duration(wait))
	}
	s.until(end)
	return s.left - before
}

func (s *surge) offer() {
	s.offered++
	a := transit.Arrival{Hop: sphinx.Result{Kind: sphinx.Deliver, Recipient: protocol.ServiceBoxes,
		Delay: cover.HopDelay(s.rng, surgeMean, 10*surgeMean)}}
	binary.BigEndian.PutUint64(a.Hop.Tag[:], s.rng.Uint64())
	binary.BigEndian.PutUint64(a.Hop.Tag[8:], s.offered)
	if job, reason := s.edge.Receive(s.now, a); reason != transit.Accepted {
		s.dropped[reason]++
	} else {
		s.queue = append(s.queue, job)
	}
	s.edge.Persisted(1 << 62)
}

// until lets the disk work and replies leave.
func (s *surge) until(t time.Time) {
	for !s.free.After(t) && (s.at > 0 || len(s.queue) > 0) {
		s.now = later(s.now, s.free)
		if s.at > 0 {
			if reason := s.edge.Executed(s.now, s.at,
				transit.Departure{}); reason != transit.Accepted {
				s.dropped[reason]++
			}
			s.at = 0
		}
		s.begin()
	}
	s.now = t
	out, _ := s.edge.Due(t, nil, nil)
	s.left += len(out)
}

// begin takes the next job that is worth it, as an executor of the driver does.
func (s *surge) begin() {
	for len(s.queue) > 0 {
		job := s.queue[0]
		s.queue = s.queue[1:]
		if !s.skip || job.Worth(s.now) {
			s.at, s.free = job.ID, s.now.Add(surgeService)
			return
		}
		s.edge.Abandon(job.ID)
		s.dropped[LateReply]++
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// TestOverload is overload in the core: with five times as many requests as the disk can do, for
// ten minutes, it goes on answering as many as it can, holds no more than it may, counts every
// drop, and thirty seconds after the rush everybody is served. The control executes whatever comes
// to its turn.
func TestOverload(t *testing.T) {
	const capacity = float64(time.Second / surgeService)
	for _, skip := range []bool{true, false} {
		s := newSurge(skip, 400_000)
		goodput := float64(s.run(5*capacity, 10*time.Minute)) / 600 / capacity
		if skip != (goodput >= 0.9) {
			t.Errorf("skipping %v: goodput is %.3f of the capacity", skip, goodput)
		}
		if n := len(s.edge.underWay); n > surgeRoom {
			t.Errorf("%d requests in work, at most %d may be", n, surgeRoom)
		}
		s.run(capacity/2, 30*time.Second)
		dropped := s.count()
		s.run(capacity/2, 30*time.Second)
		if more := s.count() - dropped; skip && more > 0 {
			t.Errorf("%d requests were dropped after the rush was over", more)
		}
		s.run(0.001, time.Hour)
		if s.offered != uint64(s.left+s.count()) {
			t.Errorf("of %d requests %d were answered and %d counted as dropped", s.offered, s.left,
				s.count())
		}
		what := "provider"
		if !skip {
			what = "control, that does what is too late"
		}
		counted.Say(t, "overload", "%s: 10 minutes of 5 times the capacity, %d requests, goodput "+
			"%.3f, dropped %v", what, s.offered, goodput, s.dropped)
	}
}

func (s *surge) count() (n int) {
	for _, c := range s.dropped {
		n += c
	}
	return n
}
