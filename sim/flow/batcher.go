package flow

import "murmuration/sim/stat"

// batcher is a layer of mixes that send many packets at once.
type batcher struct {
	layer
	mix  Mix
	held [][]packet // in each mix; their key is the pool that has their masses
	new  []int      // arrivals since the last batch
	rng  *stat.Rand
	tick int // the next one, in units of mix.Every
}

// fill gives every mix the packets that it keeps, and about as many of the others as it holds at a
// random time; the rest is left to the warm-up.
func (b *batcher) fill(e *engine) {
	for column := range b.held {
		n := b.mix.Keep
		switch b.mix.Strategy {
		case Threshold:
			if !b.inStep(e.cfg) {
				b.new[column] = b.rng.IntN(b.mix.Threshold)
				n += b.new[column]
			}
		case Binomial:
			rate, _ := e.cfg.waiting(b.hop + 1)
			n = b.rng.Poisson(rate / float64(b.pools.mixes) * b.mix.Every * (1 - b.mix.SendShare) /
				b.mix.SendShare)
		}
		for range n {
			b.held[column] = append(b.held[column], packet{key: key(uint32(column), unclocked)})
			b.pools.count[column]++
		}
	}
	b.tick = 1
}

func (b *batcher) step(e *engine, step int) {
	c := b.arrivals(step, e.perStep)
	for i := range c.packets {
		b.ticks(e, c.packets[i].at)
		b.admit(e, &c, i)
	}
	b.ticksWithin(e, step)
}

// admit takes in the i-th arrival, and sends the batch that it completes.
func (b *batcher) admit(e *engine, c *crowd, i int) {
	p, mass := c.packets[i], b.massOf(c, i)
	column := b.choose(&p)
	if b.discards(&p) {
		if mass != nil {
			e.discard(&b.layer, column, mass)
		}
		return
	}
	pool := b.pool(column, mass)
	p.key = key(pool, p.tag())
	b.held[column] = append(b.held[column], p)
	b.new[column]++
	e.arrive(&b.layer, pool, mass)
	if b.mix.Strategy == Threshold && b.new[column] == b.mix.Threshold {
		b.send(e, column, b.mix.Threshold, p.at)
	}
}

// ticks sends what is due at ticks up to this time.
func (b *batcher) ticks(e *engine, until float64) {
	if b.mix.Strategy == Threshold {
		return
	}
	for at := float64(b.tick) * b.mix.Every; at <= until; at = float64(b.tick) * b.mix.Every {
		b.sendAll(e, at)
	}
}

// ticksWithin sends what is due at ticks that fall into this step.
func (b *batcher) ticksWithin(e *engine, step int) {
	if b.mix.Strategy == Threshold {
		return
	}
	for at := float64(b.tick) * b.mix.Every; int(at*e.perStep) <= step; at = float64(b.tick) *
		b.mix.Every {
		b.sendAll(e, at)
	}
}

func (b *batcher) sendAll(e *engine, at float64) {
	b.tick++
	for column := range b.held {
		n := len(b.held[column])
		if b.mix.Strategy == Binomial {
			n = b.rng.Binomial(n, b.mix.SendShare)
		} else {
			n = max(0, n-b.mix.Keep)
		}
		b.send(e, uint32(column), n, at)
	}
}

// send picks n packets at random, in random order, and sends them.
func (b *batcher) send(e *engine, column uint32, n int, at float64) {
	held := b.held[column]
	e.hops += int64(n)
	for i := range n {
		j := i + b.rng.IntN(len(held)-i)
		held[i], held[j] = held[j], held[i]
		p := held[i]
		p.age += float32(at - p.at)
		pool := p.place()
		out := packet{at: at, age: p.age, key: key(column, p.tag())}
		e.forward(&b.layer, &out, pool)
		b.pools.leave(pool)
	}
	b.held[column] = held[:copy(held, held[n:])]
	b.new[column] = 0
}
