package flow

import (
	"cmp"
	"math"
	"slices"

	"murmuration/sim/stat"
)

// stage is one layer of mixes at work, in one of two forms: timer, where packets choose their
// delays, and batcher, where mixes do.
type stage interface {
	// fill puts the layer into its steady state at time 0, or near it.
	fill(e *engine)
	// step handles all that arrives and leaves within a step, in order of time.
	step(e *engine, step int)
	base() *layer
}

// layer is what both stages have.
type layer struct {
	hop    int // from 0
	road   *road
	ahead  *road // into the next layer; nil for the last
	births *stream
	pools  *pools
	told   bool // every packet of a corrupt mix waits apart, not only those with masses
	routes *routes
	route  *stat.Rand
	merged crowd
	// −log2 p for each share of the mixes' pools, where not stale; of the last layer only
	logs  []float64
	stale []bool
}

func (l *layer) base() *layer { return l }

// arrivals are the packets that come within a step, those from the links and those born here, in
// order of time.
func (l *layer) arrivals(step int, perStep float64) crowd {
	c := l.road.inOrder(step, perStep)
	if !l.births.until(step, perStep) {
		return c
	}
	m, i := &l.merged, 0
	m.packets, m.mass = m.packets[:0], m.mass[:0]
	for l.births.until(step, perStep) {
		p, ok := l.bear()
		if !ok {
			continue
		}
		from := i
		for i < len(c.packets) && c.packets[i].at <= p.at {
			i++
		}
		l.merge(c, from, i)
		m.packets = append(m.packets, p)
		if len(c.mass) > 0 {
			m.mass = append(m.mass, l.nothing()...)
		}
	}
	l.merge(c, i, len(c.packets))
	return *m
}

var zeros [maxLanes]float64

func (l *layer) nothing() []float64 { return zeros[:l.pools.lanes] }

func (l *layer) merge(c crowd, from, to int) {
	l.merged.packets = append(l.merged.packets, c.packets[from:to]...)
	if len(c.mass) > 0 {
		l.merged.mass = append(l.merged.mass, c.mass[from*l.pools.lanes:to*l.pools.lanes]...)
	}
}

// massOf is the row of the i-th packet of a crowd, nil if there are no masses.
func (l *layer) massOf(c *crowd, i int) []float64 {
	if len(c.mass) == 0 {
		return nil
	}
	return c.mass[i*l.pools.lanes : (i+1)*l.pools.lanes]
}

// choose draws the mix to which a packet goes here; one that was born here has its own.
func (l *layer) choose(p *packet) uint32 {
	switch place := p.place(); {
	case place == nowhere:
		return l.routes.any(l.route)
	case place&born != 0:
		return place &^ born
	default:
		return l.routes.next(l.hop, place, l.route)
	}
}

// bear draws the next packet that is born here, and its mix. ok is false if that is corrupt: its
// owner would know a dummy for what it is, so it makes none.
func (l *layer) bear() (p packet, ok bool) {
	p = l.births.draw()
	column := l.routes.any(l.route)
	p.key = key(born|column, p.tag())
	return p, !l.routes.isCorrupt(l.hop, column)
}

// pool is where a packet with these masses waits in the mix at column.
func (l *layer) pool(column uint32, mass []float64) uint32 {
	if (mass == nil && !l.told) || !l.routes.isCorrupt(l.hop, column) {
		return column
	}
	if l.told || slices.ContainsFunc(mass, func(m float64) bool { return m > 0 }) {
		return l.pools.own(column)
	}
	return column
}

// discards tells whether a packet is a dummy that ends here.
func (l *layer) discards(p *packet) bool { return p.tag() == uint8(discarded+l.hop+1) }

// touch notes that the shares of a pool changed.
func (l *layer) touch(pool uint32) {
	if int(pool) < len(l.stale) {
		l.stale[pool] = true
	}
}

// logsOf is −log2 p of a pool's shares, where they count. It changes only with arrivals, so that it
// is worth keeping.
func (l *layer) logsOf(pool uint32, into *[maxLanes]float64) []float64 {
	row, kept := l.pools.row(pool), into[:l.pools.lanes]
	if int(pool) < len(l.stale) {
		kept = l.logs[int(pool)*l.pools.lanes : (int(pool)+1)*l.pools.lanes]
		if !l.stale[pool] {
			return kept
		}
		l.stale[pool] = false
	}
	for j, p := range row {
		if p > tiny {
			kept[j] = -log2(p)
		}
	}
	return kept
}

// tiny is the least posterior that counts. All below it together cannot reach what complete leaves
// out.
const tiny = 1e-18

func (l *layer) forget(lane int) {
	l.road.forget(lane)
	l.pools.forget(lane)
	l.forgetLogs()
}

func (l *layer) forgetLogs() {
	for i := range l.stale {
		l.stale[i] = true
	}
}

// inStep tells whether packets come only in whole batches, from one mix of the same threshold. What
// a mix then holds after a batch never changes: nothing but its pool, if all mixes began with that.
// So nothing may be put there or on the link to it at the start.
func (l *layer) inStep(c *Config) bool {
	oneByOne := c.Topology == Cascade || (c.Topology == Stratified && c.Width == 1)
	return oneByOne && l.hop > 0 && c.Mix.Strategy == Threshold && l.births.rate == 0
}

// fillRoad puts on the links what is on its way at time 0: a Poisson number of packets, whose
// delays are longer than usual, as long ones are longer on the way, and of which a uniform share is
// still to come.
func (l *layer) fillRoad(e *engine, rng *stat.Rand) {
	coming := newStream(rng)
	for _, f := range e.cfg.flows() {
		if f.comesTo(l.hop + 1) {
			coming.add(f.rate*l.routes.honest(e.cfg, f.from), f.settled())
		}
	}
	lo, hi := l.road.link.Min, l.road.link.Max
	packets := make([]packet, rng.Poisson(coming.rate*(lo+hi)/2))
	for i := range packets {
		delay := math.Sqrt(lo*lo + rng.Float64()*(hi*hi-lo*lo))
		packets[i] = packet{at: rng.Float64() * delay, key: key(l.routes.any(rng), coming.tag())}
	}
	slices.SortFunc(packets, func(a, b packet) int { return cmp.Compare(a.at, b.at) })
	for _, p := range packets {
		l.road.enter(p, nil, e.perStep)
	}
}
