// Package wheel keeps what is to happen in a simulation, in the order of time: a timing wheel for
// events at any time, and lanes for those that lie the same time ahead. It must not know what
// events mean.
package wheel

import (
	"cmp"
	"math/bits"
	"slices"
)

// event is what happens at one moment: a packet at a node, or something that somebody
// meant to do then. It carries the whole packet, so that cover traffic, which
// is most of all events, needs no memory beside the wheel. 32 bytes.
type Event struct {
	At                 int64 // nanoseconds since the start
	Src, Dst, Ref, Aux int32
	Node               uint16
	Kind               Kind
	Class              Class
	Hop                uint8
	Late               bool
}

// Kind says what to do with an event, Class what a packet is.
type (
	Kind  uint8
	Class uint8
)

// Wheel is a hierarchical timing wheel whose slots are sorted when their time comes.
//
// A slot of level 0 is 1<<shift nanoseconds, a slot of level k is a whole turn of level
// k-1. A push appends to one list; when a turn begins its events are dealt to the level
// below; a slot of level 0 is sorted into now, which pop reads in order. Each step takes
// constant time per event and touches memory in sequence, which a heap of millions of
// events does not. Events of equal time leave in the order of their pushes.
type Wheel struct {
	now    []Event // the slot being read, sorted
	read   int     // next in now
	slot   int64   // its absolute number on level 0
	shift  uint    // log2 of the width of a slot of level 0, in ns
	size   int
	levels [wheelLevels]level
	chunks []chunk
	free   int32 // first of the unused chunks, none if there is none
}

// Never is later than any event.
const Never = 1<<62 - 1

const (
	wheelBits   = 11 // level 0 in use is 2048 slots of a few events: it fits the L2 cache
	wheelSlots  = 1 << wheelBits
	wheelMask   = wheelSlots - 1
	wheelLevels = 5 // 55 bits of slots, and at least 7 bits of width: all of int64
	minShift    = 63 - wheelLevels*wheelBits
	chunkEvents = 7 // with its head 232 bytes: four cache lines
	perSlot     = 5 // events that a slot should hold
	none        = -1
)

// level is one level: lists of chunks, and a bit for each that is not empty.
type level struct {
	full  [wheelSlots / 64]uint64
	slots [wheelSlots]list
}

type list struct{ first, last int32 }

type chunk struct {
	events [chunkEvents]Event
	next   int32
	used   int32
}

// New returns an empty wheel for events that are gap nanoseconds apart on average.
// A wrong gap costs speed, nothing else.
func New(gap float64) *Wheel {
	q := &Wheel{free: none, shift: minShift}
	for q.shift < 40 && float64(int64(1)<<(q.shift+1)) < gap*perSlot*1.5 {
		q.shift++
	}
	return q
}

// Push adds an event, which must not be earlier than the last one popped.
func (q *Wheel) Push(e Event) {
	q.size++
	if e.At>>q.shift <= q.slot {
		q.insert(e)
		return
	}
	q.deal(e)
}

// deal puts an event into the lowest level whose present turn holds its slot.
func (q *Wheel) deal(e Event) {
	s := e.At >> q.shift
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
func (q *Wheel) chunk() int32 {
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
func (q *Wheel) insert(e Event) {
	q.now = append(q.now, e)
	i := len(q.now) - 1
	for i > q.read && q.now[i-1].At > e.At {
		q.now[i] = q.now[i-1]
		i--
	}
	q.now[i] = e
}

// Peek returns the time of the next event if that is at most until, else never. It reads
// no slot beyond until: pushes may still come for those.
func (q *Wheel) Peek(until int64) int64 {
	if q.read == len(q.now) && !q.advance(until>>q.shift) {
		return Never
	}
	if at := q.now[q.read].At; at <= until {
		return at
	}
	return Never
}

// Pop returns the next event. Call it only when peek found one.
func (q *Wheel) Pop() Event {
	e := q.now[q.read]
	q.read++
	q.size--
	return e
}

// advance reads the next slot that holds anything, if that is not beyond last.
func (q *Wheel) advance(last int64) bool {
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
func (q *Wheel) load(i int, last int64) bool {
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
func (q *Wheel) turn(last int64) bool {
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
func (w *level) first(i int) (int, bool) {
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
func (q *Wheel) take(w *level, i int, out []Event) []Event {
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
func (q *Wheel) dealAll(w *level, i int) {
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
func sortByTime(events []Event) {
	if len(events) > 64 {
		slices.SortStableFunc(events, func(a, b Event) int { return cmp.Compare(a.At, b.At) })
		return
	}
	for i := 1; i < len(events); i++ {
		e := events[i]
		k := i
		for k > 0 && events[k-1].At > e.At {
			events[k] = events[k-1]
			k--
		}
		events[k] = e
	}
}

// Lane is a queue of events that all lie the same time ahead when they are pushed, as
// packets on links of constant delay do: first in, first out.
type Lane struct {
	ring []Event // its length is a power of two
	head uint
	tail uint
}

func (l *Lane) Push(e Event) {
	if l.tail-l.head == uint(len(l.ring)) {
		l.grow()
	}
	l.ring[l.tail&uint(len(l.ring)-1)] = e
	l.tail++
}

func (l *Lane) grow() {
	ring := make([]Event, max(256, 2*len(l.ring)))
	for i := l.head; i != l.tail; i++ {
		ring[i-l.head] = l.ring[i&uint(len(l.ring)-1)]
	}
	l.ring, l.tail, l.head = ring, l.tail-l.head, 0
}

func (l *Lane) Peek() int64 {
	if l.head == l.tail {
		return Never
	}
	return l.ring[l.head&uint(len(l.ring)-1)].At
}

func (l *Lane) Pop() Event {
	e := l.ring[l.head&uint(len(l.ring)-1)]
	l.head++
	return e
}
