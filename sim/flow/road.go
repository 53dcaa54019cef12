package flow

import "murmuration/sim/stat"

// road is the links into one layer: packets that are under way to it, with the masses that the
// observer has on them, in steps of arrival. Masses are kept only for steps in which some packet
// has any.
type road struct {
	link  Link
	lanes int
	days  []crowd // a ring; its length is a power of two
	today int
	rng   *stat.Rand // delays, where they differ
	sorter
	ordered crowd
}

// crowd is packets in order of arrival, with the masses of all of them (lanes numbers each) or of
// none.
type crowd struct {
	packets []packet
	mass    []float64
	jumbled bool // not in order
}

func newRoad(link Link, lanes int, rng *stat.Rand) *road {
	return &road{link: link, lanes: lanes, days: make([]crowd, 4), rng: rng}
}

func (r *road) delay() float64 {
	if r.link.Max == r.link.Min {
		return r.link.Min
	}
	return r.link.Min + (r.link.Max-r.link.Min)*r.rng.Float64()
}

// depart sends p, which leaves at p.at, down the road. mass is nil for a packet with none.
func (r *road) depart(p packet, mass []float64, perStep float64) {
	d := r.delay()
	p.at += d
	p.age += float32(d)
	r.enter(p, mass, perStep)
}

// enter puts p on the road so that it arrives at p.at.
func (r *road) enter(p packet, mass []float64, perStep float64) {
	step := int(p.at * perStep)
	for step-r.today >= len(r.days) {
		r.grow()
	}
	c := &r.days[step&(len(r.days)-1)]
	if mass != nil {
		if lack := len(c.packets)*r.lanes - len(c.mass); lack > 0 {
			c.mass = append(c.mass, make([]float64, lack)...)
		}
		c.mass = append(c.mass, mass...)
	} else if len(c.mass) > 0 {
		for range r.lanes {
			c.mass = append(c.mass, 0)
		}
	}
	c.packets = append(c.packets, p)
}

func (r *road) grow() {
	old := r.days
	r.days = make([]crowd, 2*len(old))
	for i := range old {
		step := r.today + i
		r.days[step&(len(r.days)-1)] = old[step&(len(old)-1)]
	}
}

// turn takes what arrives in the given step. The crowd is valid until the next turn.
func (r *road) turn(step int, perStep float64) crowd {
	r.today = step + 1
	c := &r.days[step&(len(r.days)-1)]
	out := *c
	*c = crowd{packets: r.ordered.packets[:0], mass: r.ordered.mass[:0]}
	r.ordered = out
	return r.ordered
}

// inOrder is turn, sorted where delays differ or what came before was not in order.
func (r *road) inOrder(step int, perStep float64) crowd {
	r.turn(step, perStep)
	if r.link.Max > r.link.Min || r.ordered.jumbled {
		r.order(&r.ordered, step, perStep)
	}
	return r.ordered
}

// order sorts a crowd whose delays differ, masses with it.
func (r *road) order(c *crowd, step int, perStep float64) {
	r.raw = resize(r.raw, len(c.packets))
	for i, p := range c.packets {
		r.raw[i] = packet{at: p.at, key: uint32(i)}
	}
	places := r.sort(r.raw, step, perStep)
	packets := make([]packet, len(c.packets))
	mass := make([]float64, len(c.mass))
	for to, p := range places {
		packets[to] = c.packets[p.key]
		if len(mass) > 0 {
			copy(mass[to*r.lanes:(to+1)*r.lanes], c.mass[int(p.key)*r.lanes:])
		}
	}
	c.packets, c.mass, c.jumbled = packets, mass, false
}

// rush sends packets without masses down the road, in no order.
func (r *road) rush(ps []packet, perStep float64) {
	for _, p := range ps {
		d := r.delay()
		p.at += d
		p.age += float32(d)
		r.enter(p, nil, perStep)
		r.days[int(p.at*perStep)&(len(r.days)-1)].jumbled = true
	}
}

// forget removes a lane's mass from every packet on the road.
func (r *road) forget(lane int) {
	for _, c := range r.days {
		for i := lane; i < len(c.mass); i += r.lanes {
			c.mass[i] = 0
		}
	}
}
