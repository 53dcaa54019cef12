package mix

import "time"

// Pool holds items until their time to leave, and until the replay tag that admitted them is
// durable: whatever a crash makes the node forget must not have left it.
//
// It is a binary heap by time, ties by arrival, so that one sequence of calls gives one order of
// departures.
type Pool[T any] struct {
	limit   int
	arrived uint64
	durable uint64
	waiting []held[T] // tag not yet durable
	heap    []held[T] // tag durable, by time to leave
}

type held[T any] struct {
	leave  time.Time
	order  uint64
	ticket uint64
	item   T
}

// NewPool makes a pool that holds at most limit items.
func NewPool[T any](limit int) *Pool[T] { return &Pool[T]{limit: limit} }

// Len is the number of items held.
func (p *Pool[T]) Len() int { return len(p.waiting) + len(p.heap) }

// Full says whether Hold would refuse.
func (p *Pool[T]) Full() bool { return p.Len() >= p.limit }

// Hold keeps item until leave, and until Persisted has been told of ticket. It refuses when full.
func (p *Pool[T]) Hold(ticket uint64, leave time.Time, item T) bool {
	if p.Full() {
		return false
	}
	p.arrived++
	h := held[T]{leave: leave, order: p.arrived, ticket: ticket, item: item}
	if ticket > p.durable {
		p.waiting = append(p.waiting, h)
	} else {
		p.push(h)
	}
	return true
}

// Persisted says that the tags of all tickets up to this one are on disk.
func (p *Pool[T]) Persisted(ticket uint64) {
	p.durable = max(p.durable, ticket)
	still := p.waiting[:0]
	for _, h := range p.waiting {
		if h.ticket > p.durable {
			still = append(still, h)
		} else {
			p.push(h)
		}
	}
	clear(p.waiting[len(still):])
	p.waiting = still
}

// Next is the time at which the next durable item leaves.
func (p *Pool[T]) Next() (time.Time, bool) {
	if len(p.heap) == 0 {
		return time.Time{}, false
	}
	return p.heap[0].leave, true
}

// Take removes one item whose time has come.
func (p *Pool[T]) Take(now time.Time) (item T, ok bool) {
	if len(p.heap) == 0 || p.heap[0].leave.After(now) {
		return item, false
	}
	item = p.heap[0].item
	last := len(p.heap) - 1
	p.heap[0] = p.heap[last]
	p.heap[last] = held[T]{}
	p.heap = p.heap[:last]
	p.sink(0)
	return item, true
}

func (p *Pool[T]) push(h held[T]) {
	p.heap = append(p.heap, h)
	for i := len(p.heap) - 1; i > 0; {
		up := (i - 1) / 2
		if !p.before(i, up) {
			return
		}
		p.heap[i], p.heap[up] = p.heap[up], p.heap[i]
		i = up
	}
}

func (p *Pool[T]) sink(i int) {
	for {
		least := i
		for _, kid := range [2]int{2*i + 1, 2*i + 2} {
			if kid < len(p.heap) && p.before(kid, least) {
				least = kid
			}
		}
		if least == i {
			return
		}
		p.heap[i], p.heap[least] = p.heap[least], p.heap[i]
		i = least
	}
}

func (p *Pool[T]) before(i, j int) bool {
	a, b := &p.heap[i], &p.heap[j]
	if !a.leave.Equal(b.leave) {
		return a.leave.Before(b.leave)
	}
	return a.order < b.order
}
