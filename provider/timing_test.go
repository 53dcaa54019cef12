package provider

import (
	"crypto/rand"
	"encoding/binary"
	"math"
	mrand "math/rand/v2"
	"testing"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/box/boxtest"
	"murmuration/internal/counted"
	"murmuration/internal/directory"
	"murmuration/internal/long"
	"murmuration/internal/protocol"
	"murmuration/internal/replay"
	"murmuration/internal/sphinx"
	"murmuration/internal/transit"
	"murmuration/mix"
)

// tellsApart is the |t| of Welch's test above which two kinds of requests are told apart: by chance
// once in 100,000 times.
const tellsApart = 4.5

// slowReads is a store in which what is here takes longer than what is not, as it does on a disk.
type slowReads struct {
	BoxStore
	took time.Duration
}

func (s slowReads) Listed(slot box.Slot, e box.Entry, n int) (box.Day, box.Box, box.Status, error) {
	day, b, status, err := s.BoxStore.Listed(slot, e, n)
	if status == box.StatusFound {
		until(time.Now().Add(s.took))
	}
	return day, b, status, err
}

// until waits without giving the processor away, as a timer would, for longer than is asked.
func until(t time.Time) {
	for time.Now().Before(t) {
	}
}

// kindOfReply is how long replies to one kind of request took.
type kindOfReply struct {
	name    string
	payload []byte
	n       int
	mean, m float64 // in nanoseconds; m is the sum of squares about the mean
}

func (a *kindOfReply) note(took time.Duration) {
	a.n++
	d := float64(took) - a.mean
	a.mean += d / float64(a.n)
	a.m += d * (float64(took) - a.mean)
}

func (a *kindOfReply) variance() float64 { return a.m / float64(a.n-1) / float64(a.n) }

// welch is the t of the difference of two means.
func welch(a, b *kindOfReply) float64 {
	return (a.mean - b.mean) / math.Sqrt(a.variance()+b.variance())
}

const (
	groupSize = 16
	slowRead  = 200 * time.Microsecond
	allowance = 5 * time.Millisecond // more than the work of a group
)

// timedEdge is an edge with its service in real time: requests come in groups, and what leaves is
// watched, as somebody on the link would. Left is how long a reply took to leave, ready how long it
// was in work: what would be seen if replies left as soon as they can.
type timedEdge struct {
	*served
	edge        *Edge
	left, ready []*kindOfReply
	number      uint64
}

// newTimedEdge asks for a box that is here, for one that is not in its slot, in a slot in which
// nothing was listed, and in one that was never heard of here.
func newTimedEdge(t *testing.T, tags int) *timedEdge {
	c := newServed(t, 0)
	newAnnounced(c)
	here := boxtest.Box(51, 'a', c.service.Format.CiphertextSize())
	if _, err := c.store.Write(today, here, box.Token{}); err != nil {
		t.Fatal(err)
	}
	there := c.list(5, today, here.ID)
	if err := c.store.Publish(today, 6, nil, nil); err != nil {
		t.Fatal(err)
	}
	c.service.Store = slowReads{c.store, slowRead}
	id := sphinx.SURBID{7}
	surb, _, err := c.service.Params.NewSURB(rand.Reader,
		[]sphinx.Hop{{Key: c.hop.Public(), Recipient: &sphinx.RecipientID{}, SURBID: &id}})
	if err != nil {
		t.Fatal(err)
	}
	e := &timedEdge{served: c,
		edge: NewEdge(Limits{Packets: 2 * groupSize, Replies: 2 * groupSize})}
	for _, kind := range []struct {
		name    string
		request box.Request
	}{{"here", there}, {"absent", fetch(5, boxtest.Box(52, 'b', 9).ID)},
		{"empty", fetch(6, here.ID)}, {"wrong", fetch(4, here.ID)}} {
		payload := c.deliver(surb, kind.request.Marshal(c.service.Format))
		e.left = append(e.left, &kindOfReply{name: kind.name, payload: payload})
		e.ready = append(e.ready, &kindOfReply{name: kind.name})
	}
	e.edge.SetDocument(directory.Parameters{PayloadEvery: time.Second, LoopEvery: time.Second,
		DropEvery: time.Second, ReplyAllowance: allowance})
	e.edge.Relay().SetRules(mix.Rules{DelayLimit: time.Second,
		Next: map[directory.NodeID]struct{}{{}: {}}})
	now := time.Now()
	e.edge.Relay().OpenEpoch(0, now.Add(-time.Hour), now.Add(24*time.Hour),
		replay.NewSet(tags, replay.Secret{1}))
	return e
}

// group sends one group, and watches until all of it that was in time has left.
func (e *timedEdge) group(draw *mrand.Rand) {
	type sent struct {
		kind int
		job  Job
		at   time.Time
	}
	var all []sent
	for range groupSize {
		kind := draw.IntN(len(e.left))
		e.number++
		a := transit.Arrival{Hop: sphinx.Result{Kind: sphinx.Deliver,
			Recipient: protocol.ServiceBoxes, Payload: e.left[kind].payload}}
		binary.BigEndian.PutUint64(a.Hop.Tag[:], e.number)
		at := time.Now()
		job, reason := e.edge.Receive(at, a)
		if reason != transit.Accepted {
			e.Fatal(reason)
		}
		all = append(all, sent{kind, job, at})
	}
	e.edge.Persisted(e.number)
	waiting := all[:0]
	for _, s := range all {
		began := time.Now()
		reply, err := e.service.Answer(noon, s.job.Payload)
		if err != nil || len(reply.Packet) != e.service.Params.PacketSize() {
			e.Fatalf("%s: a packet of %d bytes, %v", e.left[s.kind].name, len(reply.Packet), err)
		}
		ended := time.Now()
		e.ready[s.kind].note(ended.Sub(began))
		if e.edge.Executed(ended, s.job.ID, reply) == transit.Accepted {
			waiting = append(waiting, s) // else this computer was at something else meanwhile
		}
	}
	var out []transit.Departure
	for len(waiting) > 0 {
		now := time.Now()
		if out, _ = e.edge.Due(now, out[:0], nil); len(out) > len(waiting) {
			e.Fatalf("%d leave, of %d", len(out), len(waiting))
		}
		for range out { // they leave in the order in which they came
			e.left[waiting[0].kind].note(now.Sub(waiting[0].at))
			waiting = waiting[1:]
		}
	}
}

// farthest is the pair that is told apart best.
func farthest(kinds []*kindOfReply) (t float64, pair string) {
	for i, a := range kinds {
		for _, b := range kinds[:i] {
			if w := math.Abs(welch(a, b)); w >= t {
				t, pair = w, a.name+" and "+b.name
			}
		}
	}
	return t, pair
}

func fewest(kinds []*kindOfReply) int {
	n := math.MaxInt
	for _, k := range kinds {
		n = min(n, k.n)
	}
	return n
}

// TestRepliesLookAlike: replies to requests for what is here, absent, empty and of somebody else
// have one size, and leave after one time. MURMUR_TIMING is how many of each are timed by the clock
// of this computer; without it a few are sent, of which only sizes and order count: that the time
// is one to the nanosecond is shown in virtual time.
func TestRepliesLookAlike(t *testing.T) {
	n := long.Count(t, "MURMUR_TIMING", 1, 0)
	timed := n > 0
	n = max(n, 8)
	e, draw := newTimedEdge(t, 100*n), mrand.New(mrand.NewPCG(1, 2))
	for groups := 0; fewest(e.left) < n && groups < 6*n; groups++ {
		e.group(draw)
	}
	if got := fewest(e.left); got < n {
		t.Fatalf("of one kind %d replies left in time, want %d: this computer is too busy", got, n)
	}
	for _, k := range e.left {
		if k.mean < float64(allowance) {
			t.Errorf("%s: replies leave after %v, before their time", k.name, time.Duration(k.mean))
		}
	}
	if !timed {
		return
	}
	far, pair := farthest(e.left)
	control, _ := farthest(e.ready)
	counted.Say(t, "timing", "%d replies of each of %d kinds, one size; told apart best: %s, "+
		"|t| = %.2f; control, replies that leave when they are ready: %.0f", fewest(e.left),
		len(e.left), pair, far, control)
	if far >= tellsApart {
		t.Errorf("%s are told apart: |t| = %.2f", pair, far)
	}
	if control < tellsApart {
		t.Errorf("control: |t| = %.2f", control)
	}
}
