package world

import (
	"math/rand/v2"
	"time"

	"murmuration/client/sender"
	"murmuration/internal/box"
	"murmuration/internal/cover"
	"murmuration/internal/protocol"
	"murmuration/sim/trace"
)

// Load is people who want something: each of them, now and then, the digest of the document in
// force, of any provider.
type Load struct {
	w        *World
	every    time.Duration // of all together
	from, to time.Time     // what is wanted in between is measured
	rng      *rand.Rand
	wanted   map[uint64]*want
	last     uint64
	record   *Recording

	// Waits are the seconds from wanting something to the slot in which it leaves, RoundTrips those
	// to its answer.
	Waits, RoundTrips []float64
	// Asked and Completed count what was wanted, and answered, in the measured time.
	Asked, Completed int
}

// want is something that somebody waits for.
type want struct {
	since    time.Time
	sent     bool
	measured bool
}

// firstWant is where the tokens of a load begin, beyond those of feeds.
const firstWant = 1 << 62

// Ask lets everybody who has joined ask for something every so often on average, from now until to;
// what is wanted before from is not measured. A recording is told which packets carry it.
func (w *World) Ask(every time.Duration, from, to time.Time, record *Recording) *Load {
	l := &Load{
		w: w, every: every / time.Duration(max(1, len(w.people))), from: from, to: to,
		rng: w.seeds.rand("load", ""), wanted: map[uint64]*want{}, last: firstWant,
		record: record,
	}
	for _, p := range w.people {
		p.Sent = l.sent
		p.Listen(l.answered)
	}
	l.plan()
	return l
}

func (l *Load) plan() {
	l.w.After(cover.Exp(l.rng, l.every), func() {
		if l.w.Now().Before(l.to) {
			l.ask(l.w.people[l.rng.IntN(len(l.w.people))])
			l.plan()
		}
	})
}

func (l *Load) ask(p *Person) {
	epoch, err := l.w.genesis.Schedule().Epoch(l.w.Now())
	if err != nil {
		l.w.fail("asking for a digest: %w", err)
		return
	}
	l.last++
	err = p.Enqueue(p.now(), sender.Request{
		Token: l.last, Op: box.OpDigest, Epoch: epoch, Try: l.rng.IntN(1 << 10),
	})
	measured := !l.w.Now().Before(l.from)
	if measured {
		l.Asked++
	}
	if err == nil {
		l.wanted[l.last] = &want{since: l.w.Now(), measured: measured}
	}
}

func (l *Load) sent(s sender.Sent) {
	q := l.wanted[s.Token]
	if !s.Work || q == nil {
		return
	}
	if !q.sent && q.measured {
		l.Waits = append(l.Waits, l.w.Now().Sub(q.since).Seconds())
	}
	q.sent = true
	if l.record != nil {
		l.record.mark(s.Frame[protocol.ExchangeOverhead:])
	}
}

func (l *Load) answered(e sender.Event) {
	q := l.wanted[e.Token]
	if e.Kind != sender.Answered || q == nil {
		return
	}
	delete(l.wanted, e.Token)
	if q.measured {
		l.Completed++
		l.RoundTrips = append(l.RoundTrips, l.w.Now().Sub(q.since).Seconds())
	}
}

// Open is how much that is measured still waits for an answer.
func (l *Load) Open() int { return l.Asked - l.Completed }

// Recording is a tap that also knows, for scorers, which packets carry something that somebody
// wanted. Its truth stands apart from what was seen.
type Recording struct {
	trace.Buffer
	Labels trace.Labels

	marks map[*byte]int64 // packets under way, by their memory
	given int64
	next  int64 // label of the coming event
}

// NewRecording keeps at most limit events.
func NewRecording(parties trace.Parties, limit int) *Recording {
	return &Recording{Buffer: trace.Buffer{Parties: parties, Limit: limit},
		marks: map[*byte]int64{}, next: nobody}
}

// nobody labels what nobody wanted.
const nobody = -1

// Add implements trace.Sink.
func (r *Recording) Add(e trace.Event) error {
	r.Labels.Packets = append(r.Labels.Packets, r.next)
	r.next = nobody
	return r.Buffer.Add(e)
}

// Follow keeps track of the packets in a world.
func (r *Recording) Follow(w *World) {
	last := len(w.cfg.Network.Layers)
	w.Left = func(n *Node, packet []byte) {
		label, ok := r.marks[&packet[0]]
		if !ok {
			return
		}
		r.next = label
		if n.layer == last {
			delete(r.marks, &packet[0])
		}
	}
}

func (r *Recording) mark(packet []byte) {
	r.given++
	r.marks[&packet[0]] = r.given
}
