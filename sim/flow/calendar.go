package flow

// packet is one packet on a link or in a pool: when it gets there or leaves, how long it has been
// under way, and a key of place (24 bits: a mix's column, or the pool whose mass it shares) and tag
// (8 bits). Sixteen bytes, because the engine does little else than move these.
type packet struct {
	at  float64 // s since the start
	age float32 // s; seven digits are plenty for a latency
	key uint32
}

// Tags. A target carries its lane plus one, a dummy that layer l discards carries discarded + l.
const (
	ordinary  = 0
	discarded = 128
	unclocked = 255 // no latency: born in a mix, or there from the start
)

// nowhere is the place of a packet that comes from no mix.
const nowhere = 1<<24 - 1

// born is added to the place of a packet that comes from a mix of the layer itself.
const born = 1 << 23

func key(place uint32, tag uint8) uint32 { return place<<8 | uint32(tag) }
func (p *packet) place() uint32          { return p.key >> 8 }
func (p *packet) tag() uint8             { return uint8(p.key) }

// chunkLen packets make a chunk (1 KiB): small, so that the many nearly empty days of an
// exponential's tail hold little memory.
const chunkLen = 64

// calendar keeps packets by the step in which they leave. Filing one is a write to the end of its
// day; a day is sorted when it comes, in cache. Memory is proportional to the packets inside, by
// chunks that days share.
type calendar struct {
	days   []day // a ring; its length is a power of two
	chunks [][chunkLen]packet
	next   []int32 // chunk before this one in its day, or the next free one
	free   int32
	today  int // step of the ring's current day
	sorter
}

type day struct {
	chunk int32 // the last one
	n     int
}

func newCalendar() *calendar { return &calendar{days: make([]day, 64), free: -1} }

// file puts p into its step, which is not before today.
func (c *calendar) file(p packet, step int) {
	for step-c.today >= len(c.days) {
		c.grow()
	}
	d := &c.days[step&(len(c.days)-1)]
	at := d.n & (chunkLen - 1)
	if at == 0 {
		c.link(d)
	}
	c.chunks[d.chunk][at] = p
	d.n++
}

func (c *calendar) link(d *day) {
	before := d.chunk
	if d.n == 0 {
		before = -1
	}
	if c.free < 0 {
		c.chunks = append(c.chunks, [chunkLen]packet{})
		c.next = append(c.next, -1)
		c.free = int32(len(c.chunks) - 1)
	}
	d.chunk = c.free
	c.free = c.next[d.chunk]
	c.next[d.chunk] = before
}

func (c *calendar) grow() {
	old := c.days
	c.days = make([]day, 2*len(old))
	for i := range old {
		step := c.today + i
		c.days[step&(len(c.days)-1)] = old[step&(len(old)-1)]
	}
}

// turn empties today, which is the given step, into a list ordered by time, and makes the next step
// today. The list is valid until the next turn. perStep is 1/length of a step.
func (c *calendar) turn(step int, perStep float64) []packet {
	return c.sort(c.empty(step), step, perStep)
}

// empty is turn without the order.
func (c *calendar) empty(step int) []packet {
	c.today = step + 1
	d := &c.days[step&(len(c.days)-1)]
	all := c.raw[:0]
	for chunk, left := d.chunk, d.n; left > 0; {
		n := (left-1)&(chunkLen-1) + 1
		all = append(all, c.chunks[chunk][:n]...)
		left -= n
		before := c.next[chunk]
		c.next[chunk], c.free = c.free, chunk
		chunk = before
	}
	*d = day{}
	c.raw = all
	return all
}

// sorter orders the packets of one step: a counting sort into as many slots as packets, then
// insertion, which has next to nothing left to do because times within a step are nearly uniform.
type sorter struct {
	raw, sorted []packet
	slots       []uint32
}

func (s *sorter) sort(all []packet, step int, perStep float64) []packet {
	n := 1
	for n < len(all) {
		n *= 2
	}
	s.slots = resize(s.slots, n+1)
	clear(s.slots)
	base, scale, last := float64(step), float64(n), uint32(n-1)
	slot := func(at float64) uint32 { return min(uint32((at*perStep-base)*scale), last) }
	for i := range all {
		s.slots[slot(all[i].at)+1]++
	}
	for i := 1; i < n; i++ {
		s.slots[i] += s.slots[i-1]
	}
	s.sorted = resize(s.sorted, len(all))
	for i := range all {
		at := slot(all[i].at)
		s.sorted[s.slots[at]] = all[i]
		s.slots[at]++
	}
	insertion(s.sorted)
	return s.sorted
}

func insertion(ps []packet) {
	for i := 1; i < len(ps); i++ {
		p, j := ps[i], i
		for j > 0 && ps[j-1].at > p.at {
			ps[j] = ps[j-1]
			j--
		}
		ps[j] = p
	}
}

func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, n+n/4)
	}
	return s[:n]
}
