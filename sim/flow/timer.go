package flow

import "murmuration/sim/stat"

// timer is a layer of Poisson mixes: every packet has its own exponential delay, drawn on arrival
// (its sender drew it before, which is the same), so that all departures are known as soon as all
// arrivals are.
type timer struct {
	layer
	mean     float64
	calendar *calendar
	delay    *stat.Rand
	places   []uint32 // pools of a step's arrivals; those of discarded dummies with dropped added
}

const dropped = 1 << 31

// fill draws the steady state of M/M/∞: Poisson pools whose packets have exponential times still to
// go.
func (t *timer) fill(e *engine) {
	for _, f := range e.cfg.flows() {
		if !f.waitsIn(t.hop + 1) {
			continue
		}
		rate := f.rate * t.routes.honest(e.cfg, f.from)
		for range t.delay.Poisson(rate * t.mean) {
			column := t.routes.any(t.route)
			for f.from == t.hop+1 && t.routes.isCorrupt(t.hop, column) {
				column = t.routes.any(t.route)
			}
			t.pools.count[column]++
			p := packet{at: t.delay.Exp() * t.mean, key: key(column, f.settled())}
			t.calendar.file(p, int(p.at*e.perStep))
		}
	}
	_, standby := e.cfg.waiting(t.hop + 1)
	for column := range t.pools.mixes {
		t.pools.count[column] += int32(standby)
	}
}

func (t *timer) step(e *engine, step int) {
	if !e.tracing {
		t.flow(e, step)
		return
	}
	c := t.arrivals(step, e.perStep)
	t.places = resize(t.places, len(c.packets))
	for i := range c.packets {
		t.places[i] = t.admit(e, &c, i)
	}
	due := t.calendar.turn(step, e.perStep)
	e.hops += int64(len(due))
	i := 0
	for d := range due {
		for i < len(c.packets) && c.packets[i].at <= due[d].at {
			t.arrive(e, &c, i)
			i++
		}
		t.leave(e, &due[d])
	}
	for ; i < len(c.packets); i++ {
		t.arrive(e, &c, i)
	}
}

// flow is step when nobody looks: then only numbers matter, and nothing needs an order until
// somebody does.
func (t *timer) flow(e *engine, step int) {
	c := t.road.turn(step, e.perStep)
	for i := range c.packets {
		t.welcome(e, &c.packets[i])
	}
	for t.births.until(step, e.perStep) {
		if p, ok := t.bear(); ok {
			t.welcome(e, &p)
		}
	}
	due := t.calendar.empty(step)
	e.hops += int64(len(due))
	for i := range due {
		p := &due[i]
		pool := p.place()
		t.pools.leave(pool)
		p.key = key(t.pools.columnOf(pool), p.tag())
	}
	e.forwardAll(&t.layer, due)
}

func (t *timer) welcome(e *engine, p *packet) {
	if column := t.choose(p); !t.discards(p) {
		t.pools.count[column]++
		t.file(e, p, column)
	}
}

// file draws a delay.
func (t *timer) file(e *engine, p *packet, pool uint32) {
	d := t.delay.Exp() * t.mean
	at := p.at + d
	t.calendar.file(packet{at: at, age: p.age + float32(d), key: key(pool, p.tag())},
		int(at*e.perStep))
}

// admit draws where the i-th arrival goes and when it leaves, and files its departure.
func (t *timer) admit(e *engine, c *crowd, i int) uint32 {
	p := &c.packets[i]
	column := t.choose(p)
	if t.discards(p) {
		return column | dropped
	}
	pool := t.pool(column, t.massOf(c, i))
	t.file(e, p, pool)
	return pool
}

func (t *timer) arrive(e *engine, c *crowd, i int) {
	pool := t.places[i]
	if pool&dropped != 0 {
		if len(c.mass) > 0 {
			e.discard(&t.layer, pool&^dropped, t.massOf(c, i))
		}
		return
	}
	e.arrive(&t.layer, pool, t.massOf(c, i))
}

func (t *timer) leave(e *engine, p *packet) {
	pool := p.place()
	p.key = key(t.pools.columnOf(pool), p.tag())
	e.forward(&t.layer, p, pool)
	t.pools.leave(pool)
}
