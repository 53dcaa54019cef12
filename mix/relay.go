package mix

import (
	"errors"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/replay"
	"murmuration/internal/sphinx"
	"murmuration/internal/transit"
)

// Relay is the pure core of mixing: replay check, delay, forwarding. It is not safe for concurrent
// use.
type Relay struct {
	rules  Rules
	limit  int // of packets held, in both pools
	pool   *Pool[transit.Departure]
	slow   *Pool[transit.Departure] // apart, so that neither kind takes the room of the other
	loops  *Loops                   // nil in a provider
	epochs map[directory.Epoch]*window
	ticket uint64
	fresh  []transit.Seen
}

// window is the time in which one epoch's key is accepted, with the tags seen under it.
type window struct {
	from, until time.Time
	tags        replay.TagSet
}

// NewRelay makes a relay that holds at most limit packets and sends loops, unless loops is nil.
func NewRelay(limit int, loops *Loops) *Relay {
	return &Relay{limit: limit, pool: NewPool[transit.Departure](limit),
		slow: NewPool[transit.Departure](0), loops: loops, epochs: map[directory.Epoch]*window{}}
}

// slowPart is the part of all packets held that is for slow ones, where there are any.
const slowPart = 8

// SetRules switches to the rules of a new document; packets already held still leave.
func (r *Relay) SetRules(rules Rules) {
	r.rules, r.slow.limit = rules, 0
	if rules.SlowLimit > rules.DelayLimit {
		r.slow.limit = r.limit / slowPart
	}
	r.pool.limit = r.limit - r.slow.limit
}

// OpenEpoch accepts packets under the key of e from `from` until `until`, both with the grace
// included; tags holds what was already seen, as read back from disk.
func (r *Relay) OpenEpoch(e directory.Epoch, from, until time.Time, tags replay.TagSet) {
	r.epochs[e] = &window{from: from, until: until, tags: tags}
}

// CloseEpoch forgets the tags of e; its key must be gone already.
func (r *Relay) CloseEpoch(e directory.Epoch) { delete(r.epochs, e) }

// Receive takes a packet in. One that goes on is held for its delay; one that ends here can only be
// a loop of this mix.
func (r *Relay) Receive(now time.Time, a transit.Arrival) transit.Reason {
	if a.Hop.Kind != sphinx.Forward {
		return r.comeBack(now, a)
	}
	if r.rules.Next == nil {
		return noDocument
	}
	to := directory.NodeID(a.Hop.Next)
	if _, ok := r.rules.Next[to]; !ok {
		return NotANeighbour
	}
	pool, limit, full := r.pool, r.rules.DelayLimit, PoolFull
	if a.Hop.Delay > limit && r.rules.SlowLimit > limit {
		pool, limit, full = r.slow, r.rules.SlowLimit, SlowFull
	}
	if pool.Full() {
		return full
	}
	ticket, reason := r.admit(now, a, limit)
	if reason == transit.Accepted {
		pool.Hold(ticket, now.Add(a.Hop.Delay), transit.Departure{To: to, Packet: a.Packet})
	}
	return reason
}

func (r *Relay) comeBack(now time.Time, a transit.Arrival) transit.Reason {
	if r.loops == nil || a.Hop.Kind != sphinx.Deliver {
		return UnknownService
	}
	if _, reason := r.Admit(now, a); reason != transit.Accepted {
		return reason
	}
	if !r.loops.returns.Returned(a.Hop.Recipient) {
		return UnknownLoop
	}
	return transit.Accepted
}

// Admit makes the checks that every packet passes wherever it goes next, and remembers its tag.
// What the packet causes must not be seen outside before Persisted has been told of the ticket.
func (r *Relay) Admit(now time.Time, a transit.Arrival) (ticket uint64, reason transit.Reason) {
	return r.admit(now, a, r.rules.DelayLimit)
}

func (r *Relay) admit(now time.Time, a transit.Arrival, limit time.Duration) (
	ticket uint64, reason transit.Reason) {
	if r.rules.Next == nil {
		return 0, noDocument
	}
	w := r.epochs[a.Epoch]
	if w == nil || now.Before(w.from) || !now.Before(w.until) {
		return 0, transit.WrongEpoch
	}
	if a.Hop.Delay > limit || now.Add(a.Hop.Delay).After(w.until) {
		return 0, delayTooLong
	}
	fresh, err := w.tags.Add([32]byte(a.Hop.Tag))
	switch {
	case errors.Is(err, replay.ErrFull):
		return 0, tagsFull
	case err != nil || !fresh:
		return 0, Replayed
	}
	r.ticket++
	r.fresh = append(r.fresh, transit.Seen{Epoch: a.Epoch, Tag: a.Hop.Tag, Ticket: r.ticket})
	return r.ticket, transit.Accepted
}

// Hold keeps a packet that was made here (a reply, a loop) until it leaves; zero is the ticket of a
// packet that depends on no arrival.
func (r *Relay) Hold(ticket uint64, leave time.Time, d transit.Departure) transit.Reason {
	if !r.pool.Hold(ticket, leave, d) {
		return PoolFull
	}
	return transit.Accepted
}

// TakeFresh hands over the tags admitted since the last call, in order of their tickets. The driver
// writes and fsyncs them, and then calls Persisted with the last one's ticket.
func (r *Relay) TakeFresh(into []transit.Seen) []transit.Seen {
	into = append(into, r.fresh...)
	r.fresh = r.fresh[:0]
	return into
}

// Persisted says that the tags of all tickets up to this one are on disk.
func (r *Relay) Persisted(ticket uint64) {
	r.pool.Persisted(ticket)
	r.slow.Persisted(ticket)
}

// Next is the time at which Due has something to do.
func (r *Relay) Next() (time.Time, bool) {
	next, ok := r.first().Next()
	if r.loops != nil && r.loops.doc != nil {
		if slot := r.loops.Next(); !ok || slot.Before(next) {
			return slot, true
		}
	}
	return next, ok
}

// Due appends to out the packets whose time has come, this mix's own loops among them. An error
// means that a loop could not be made; everything else was.
func (r *Relay) Due(now time.Time, out []transit.Departure) ([]transit.Departure, error) {
	for d, ok := r.first().Take(now); ok; d, ok = r.first().Take(now) {
		out = append(out, d)
	}
	if r.loops == nil {
		return out, nil
	}
	d, ok, err := r.loops.Due(now)
	if ok {
		out = append(out, d)
	}
	return out, err
}

// first is the pool whose packet leaves next.
func (r *Relay) first() *Pool[transit.Departure] {
	slow, ok := r.slow.Next()
	if quick, some := r.pool.Next(); ok && (!some || slow.Before(quick)) {
		return r.slow
	}
	return r.pool
}

// Held is the number of packets in the pools.
func (r *Relay) Held() int { return r.pool.Len() + r.slow.Len() }

// Tags is the number of tags seen in epoch e and the room there is.
func (r *Relay) Tags(e directory.Epoch) (seen, capacity int) {
	if w := r.epochs[e]; w != nil {
		return w.tags.Len(), w.tags.Capacity()
	}
	return 0, 0
}
