package client

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
	// doublings bounds the doubling of the wait: on the default network a request is then tried every
	// half an hour at least, however many packets are lost.
	doublings = 4
	// defaultOutbox bounds the requests that a sender holds: 1,024 writes are about 8 MiB.
	defaultOutbox = 1024
)

// Reasons for which Enqueue refuses.
var (
	ErrOutboxFull = errors.New("outbox of the sender is full")
	ErrRequest    = errors.New("not a box request of this network")
	ErrDay        = errors.New("no provider stores boxes of this day")
)

// Request is one box operation of the work lane. Token is the caller's name for it and comes back
// with the answer; Try turns to the next holder of the box, for a caller that asks again.
type Request struct {
	Token uint64
	Op    box.Op
	Day   box.Day
	Box   box.Box         // its id; for a write all of it, not copied and not to be changed until answered
	Epoch directory.Epoch // of the document that a digest is asked for; goes to any provider but the own
	Try   int
}

// item is a request in the outbox until it is answered or cancelled.
type item struct {
	Request
	tries int
	ready time.Time // of the next try
	done  bool      // answered or cancelled, though a try may still be under way
}

func (it *item) request() Request {
	r := it.Request
	r.Try += it.tries
	return r
}

// outbox is the queue of the work lane: requests in the order of arrival, each sent again, when its
// wait is over, before any younger one.
type outbox struct {
	limit int
	items []*item
}

func (o *outbox) add(r Request, now time.Time) error {
	if len(o.items) >= o.limit {
		return ErrOutboxFull
	}
	o.items = append(o.items, &item{Request: r, ready: now})
	return nil
}

// head is the oldest request that is ready at a slot, or nil.
func (o *outbox) head(slot time.Time) *item {
	for _, it := range o.items {
		if !it.ready.After(slot) {
			return it
		}
	}
	return nil
}

func (o *outbox) remove(it *item) {
	it.done = true
	o.items = slices.DeleteFunc(o.items, func(other *item) bool { return other == it })
}

// wait is the time until a request that travels for `delays` is sent again after its n-th try:
// its own delays + 5/λD + a jitter uniform up to that sum, doubled for every try before.
func wait(rng *rand.Rand, delays, drop time.Duration, n int) time.Duration {
	base := delays + spoolWaits*drop
	jitter := time.Duration(rng.Int64N(int64(base)))
	return (base + jitter) << min(n-1, doublings)
}
