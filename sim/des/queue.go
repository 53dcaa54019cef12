package des

import (
	"cmp"
	"math/bits"
	"slices"
)

// queue is a hierarchical timing wheel whose slots are sorted when their time comes.
//
// A slot of level 0 is 1<<shift nanoseconds, a slot of level k is a whole turn of level
// k-1. A push appends to one list; when a turn begins its events are dealt to the level
// below; a slot of level 0 is sorted into now, which pop reads in order. Each step takes
// constant time per event and touches memory in sequence, which a heap of millions of
// events does not. Events of equal time leave in the order of their pushes.
type queue struct {
	now    []event // the slot being read, sorted
	read   int     // next in now
	slot   int64   // its absolute number on level 0
	shift  uint    // log2 of the width of a slot of level 0, in ns
	size   int
	levels [wheelLevels]wheel
	chunks []chunk
	free   int32 // first of the unused chunks, none if there is none
}

const (
	wheelBits   = 11 // level 0 in use is 2048 slots of a few events: it fits the L2 cache
	wheelSlots  = 1 << wheelBits
	wheelMask   = wheelSlots - 1
	wheelLevels = 5 // 55 bits of slots, and at least 7 bits of width: all of int64
	minShift    = 63 - wheelLevels*wheelBits
	chunkEvents = 7         // with its head 232 bytes: four cache lines
	perSlot     = 5         // events that a slot should hold
	never       = 1<<62 - 1 // later than any event
	none        = -1
)

// wheel is one level: lists of chunks, and a bit for each that is not empty.
type wheel struct {
	full  [wheelSlots / 64]uint64
	slots [wheelSlots]list
}

type list struct{ first, last int32 }

type chunk struct {
	events [chunkEvents]event
	next   int32
	used   int32
}

// newQueue returns an empty queue for events that are gap nanoseconds apart on average.
// A wrong gap costs speed, nothing else.
func newQueue(gap float64) *queue {
	q := &queue{free: none, shift: minShift}
	for q.shift < 40 && float64(int64(1)<<(q.shift+1)) < gap*perSlot*1.5 {
		q.shift++
	}
	return q
}

// push adds an event, which must not be earlier than the last one popped.
func (q *queue) push(e event) {
	q.size++
	if e.at>>q.shift <= q.slot {
		q.insert(e)
		return
	}
	q.deal(e)
}

// deal puts an event into the lowest level whose present turn holds its slot.
func (q *queue) deal(e event) {
	s := e.at >> q.shift
	level := max(bits.Len64(uint64(s^q.slot))-1, 0) / wheelBits
	i := int(s>>(uint(level)*wheelBits)) & wheelMask
	w := &q.levels[level]
	l := &w.slots[i]
	if w.full[i/64]&(1<<(i%64)) == 0 {
		w.full[i/64] |= 1 << (i % 64)
		l.first = q.chunk()
		l.last = l.first
	} else if q.chunks[l.last].used == chunkEvents {
		c := q.chunk()
		q.chunks[l.last].next = c
		l.last = c
	}
	c := &q.chunks[l.last]
	c.events[c.used] = e
	c.used++
}

// chunk takes an empty chunk.
func (q *queue) chunk() int32 {
	i := q.free
	if i == none {
		i = int32(len(q.chunks))
		q.chunks = append(q.chunks, chunk{next: none})
		return i
	}
	c := &q.chunks[i]
	q.free, c.next, c.used = c.next, none, 0
	return i
}

// insert puts an event into the slot being read, after those of the same time.
func (q *queue) insert(e event) {
	q.now = append(q.now, e)
	i := len(q.now) - 1
	for i > q.read && q.now[i-1].at > e.at {
		q.now[i] = q.now[i-1]
		i--
	}
	q.now[i] = e
}

// peek returns the time of the next event if that is at most until, else never. It reads
// no slot beyond until: pushes may still come for those.
func (q *queue) peek(until int64) int64 {
	if q.read == len(q.now) && !q.advance(until>>q.shift) {
		return never
	}
	if at := q.now[q.read].at; at <= until {
		return at
	}
	return never
}

// pop returns the next event. Call it only when peek found one.
func (q *queue) pop() event {
	e := q.now[q.read]
	q.read++
	q.size--
	return e
}

// advance reads the next slot that holds anything, if that is not beyond last.
func (q *queue) advance(last int64) bool {
	if q.size == 0 {
		return false
	}
	from := int(q.slot&wheelMask) + 1
	for {
		if i, ok := q.levels[0].first(from); ok {
			return q.load(i, last)
		}
		if !q.turn(last) {
			return false
		}
		from = 0
	}
}

// load reads a slot of level 0.
func (q *queue) load(i int, last int64) bool {
	s := q.slot&^wheelMask | int64(i)
	if s > last {
		return false
	}
	q.slot = s
	q.now, q.read = q.take(&q.levels[0], i, q.now[:0]), 0
	sortByTime(q.now)
	return true
}

// turn begins the next turn of level 0 that holds anything, and deals its events.
func (q *queue) turn(last int64) bool {
	for level := 1; level < wheelLevels; level++ {
		shift := uint(level) * wheelBits
		now := q.slot >> shift
		i, ok := q.levels[level].first(int(now&wheelMask) + 1)
		if !ok {
			continue
		}
		s := (now&^wheelMask | int64(i)) << shift
		if s > last {
			return false
		}
		q.slot = s
		q.dealAll(&q.levels[level], i)
		return true
	}
	return false
}

// first returns the first full slot from i on.
func (w *wheel) first(i int) (int, bool) {
	if i >= wheelSlots {
		return 0, false
	}
	word := i / 64
	b := w.full[word] >> (i % 64) << (i % 64)
	for b == 0 {
		word++
		if word == len(w.full) {
			return 0, false
		}
		b = w.full[word]
	}
	return word*64 + bits.TrailingZeros64(b), true
}

// take empties a slot, oldest push first.
func (q *queue) take(w *wheel, i int, out []event) []event {
	w.full[i/64] &^= 1 << (i % 64)
	for at := w.slots[i].first; at != none; {
		c := &q.chunks[at]
		out = append(out, c.events[:c.used]...)
		next := c.next
		c.next, q.free = q.free, at
		at = next
	}
	return out
}

// dealAll empties a slot of a higher level into the levels below.
func (q *queue) dealAll(w *wheel, i int) {
	w.full[i/64] &^= 1 << (i % 64)
	for at := w.slots[i].first; at != none; {
		// A copy: dealing may move the chunks or use this one again.
		c := q.chunks[at]
		q.chunks[at].next, q.free = q.free, at
		for _, e := range c.events[:c.used] {
			q.deal(e)
		}
		at = c.next
	}
}

// sortByTime is stable.
func sortByTime(events []event) {
	if len(events) > 64 {
		slices.SortStableFunc(events, func(a, b event) int { return cmp.Compare(a.at, b.at) })
		return
	}
	for i := 1; i < len(events); i++ {
		e := events[i]
		k := i
		for k > 0 && events[k-1].at > e.at {
			events[k] = events[k-1]
			k--
		}
		events[k] = e
	}
}

// lane is a queue of events that all lie the same time ahead when they are pushed, as
// packets on links of constant delay do: first in, first out.
type lane struct {
	ring []event // its length is a power of two
	head uint
	tail uint
}

func (l *lane) push(e event) {
	if l.tail-l.head == uint(len(l.ring)) {
		l.grow()
	}
	l.ring[l.tail&uint(len(l.ring)-1)] = e
	l.tail++
}

func (l *lane) grow() {
	ring := make([]event, max(256, 2*len(l.ring)))
	for i := l.head; i != l.tail; i++ {
		ring[i-l.head] = l.ring[i&uint(len(l.ring)-1)]
	}
	l.ring, l.tail, l.head = ring, l.tail-l.head, 0
}

func (l *lane) peek() int64 {
	if l.head == l.tail {
		return never
	}
	return l.ring[l.head&uint(len(l.ring)-1)].at
}

func (l *lane) pop() event {
	e := l.ring[l.head&uint(len(l.ring)-1)]
	l.head++
	return e
}
