package sender

import (
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/directory"
)

// Implementation constants.
const (
	// spoolWaits is how many mean spool waits a request gets before it counts as lost: of an
	// exponential wait e⁻⁵, under one in a hundred, is longer.
	spoolWaits = 5
	// doublings bounds the doubling of the wait: on the default network a request is then tried
	// every half an hour at least, however many packets are lost.
	doublings = 4
	// holdUnit is that of the hold in a write (docs/box.md).
	holdUnit = 500 * time.Millisecond
	// defaultQueue bounds the requests that a sender holds: 1,024 writes are about 8 MiB.
	defaultQueue = 1024
)

// Reasons for which Enqueue refuses.
var (
	ErrQueueFull = errors.New("queue of the sender is full")
	ErrRequest   = errors.New("not a box request of this network")
	ErrDay       = errors.New("no provider stores boxes of this day")
)

// Request is one operation that waits for a slot. Token is the caller's name for it and comes back
// with the answer; Try turns to the next holder of the box, for a caller that asks again.
type Request struct {
	Token uint64
	Op    box.Op
	Day   box.Day
	// its id; for a write all of it, not copied and not to be changed until answered
	Box box.Box
	// of the document that a digest is asked for; goes to any provider but the own
	Epoch directory.Epoch
	Try   int
	// of a write: half seconds from its first try on for which its holder does not list the box
	Hold uint8
	// leaves more time at two mixes, and only where an epoch has room for that
	Slow bool
}

// queued is a request in the queue until it is answered or cancelled.
type queued struct {
	Request
	tries int
	first time.Time // when the first try left; zero before
	ready time.Time // of the next try
	done  bool      // answered or cancelled, though a try may still be under way
}

// request is what a slot asks for it: further tries carry what is left of the hold.
func (it *queued) request(slot time.Time) Request {
	r := it.Request
	r.Try += it.tries
	if !it.first.IsZero() {
		gone := max(0, slot.Sub(it.first)) / holdUnit
		r.Hold -= uint8(min(gone, time.Duration(r.Hold)))
	}
	return r
}

// queue is requests in the order of arrival, each sent again, when its wait is over, before any
// younger one.
type queue struct {
	limit int
	items []*queued
	apart time.Time // before it no write leaves
}

func (q *queue) add(r Request, now time.Time) error {
	if len(q.items) >= q.limit {
		return ErrQueueFull
	}
	q.items = append(q.items, &queued{Request: r, ready: now})
	return nil
}

// head is the oldest request that is ready at a slot and that pay can pay for, with what it pays;
// or nil. slow says whether a slow one may leave.
func (q *queue) head(slot time.Time, slow bool, pay func(*queued) (*payment, bool)) (*queued,
	*payment) {
	for _, it := range q.items {
		waits := it.ready.After(slot) || it.Slow && !slow ||
			it.Op == box.OpWrite && q.apart.After(slot)
		if waits {
			continue
		}
		if paid, ok := pay(it); ok {
			return it, paid
		}
	}
	return nil, nil
}

// writeGap is the mean time between two writes of a client: each leaves alone, so that boxes that
// belong together do not come together.
func writeGap(p directory.Parameters) time.Duration {
	return time.Duration(1 / p.Streams().WorkPerSecond() * float64(time.Second))
}

func (q *queue) remove(it *queued) {
	it.done = true
	q.items = slices.DeleteFunc(q.items, func(other *queued) bool { return other == it })
}

// wait is the time until a request that travels for `delays` is sent again after its n-th try:
// its own delays + 5/λD + a jitter uniform up to that sum, doubled for every try before.
func wait(rng *rand.Rand, delays, drop time.Duration, n int) time.Duration {
	base := delays + spoolWaits*drop
	jitter := time.Duration(rng.Int64N(int64(base)))
	return (base + jitter) << min(n-1, doublings)
}
