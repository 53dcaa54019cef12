package des

import (
	"time"

	"murmuration/sim/des/wheel"
	"murmuration/sim/stat"
)

// Mixes send loops to themselves around the ring, at rate λM each, and judge each one
// when its time-out has passed. As real mixes do, they raise an alarm when so many were lost
// in a row, over all links or over those that used one link, which names the neighbour who
// drops. Four is the most that is noticed in time, for eight mean intervals hold four loops
// or more with probability 0.958, and four in a row are rarely lost by accident.
const alarmAfter = 4

// monitor counts the loops lost in a row.
type monitor int

// observe takes one loop's fate and reports whether it raises the alarm.
func (m *monitor) observe(back bool) bool {
	if back {
		*m = 0
		return false
	}
	*m++
	return *m == alarmAfter
}

// Alarm is raised by a mix that misses too many of its loops.
type Alarm struct {
	At   time.Duration // since the start of the run
	Node int
	From int // the link's other end; -1 if all links together raised it
}

// mixLoops are the loops of all mixes, and what each remembers of its own.
type mixLoops struct {
	e      *engine
	clock  clock
	rng    *stat.Rand
	dues   wheel.Lane // when each should be back
	sent   int32      // loops so far, the serial of the next
	back   []bool     // by serial modulo its length, a power of two
	all    []monitor
	byLink map[int64]*monitor // by mix and neighbour; only looked up, never walked
	alarms []Alarm
}

func (b *mixLoops) init(e *engine) {
	c := &e.cfg
	mixes := c.Layers * c.Width
	rate := perSecond(c.MixLoopEvery) * float64(mixes)
	b.e, b.rng = e, e.random("des mix loops")
	b.clock = newClock(rate, b.rng)
	n := 64
	for float64(n) < 4*rate*c.MixLoopTimeout.Seconds() {
		n *= 2
	}
	b.back, b.all, b.byLink = make([]bool, n), make([]monitor, mixes), map[int64]*monitor{}
}

// send sends a loop from some mix, which chooses the whole way and so knows on which
// links it leaves and should come home.
func (b *mixLoops) send() {
	c := &b.e.cfg
	mix := c.Providers + b.rng.IntN(c.Layers*c.Width)
	ev := event{Src: int32(mix), Node: uint16(mix), Class: mixLoop, Ref: b.sent}
	ev.Dst, ev.Aux = b.ends(mix)
	b.sent++
	b.back[int(ev.Ref)&(len(b.back)-1)] = false
	b.e.m.count.mixLoopsSent++
	b.dues.Push(event{
		At: b.e.now + int64(c.MixLoopTimeout), Src: ev.Src, Dst: ev.Dst, Ref: ev.Ref, Aux: ev.Aux,
		Kind: loopDue,
	})
	if !c.Hops {
		b.e.nodes.fly(ev, 0)
		return
	}
	b.e.attack.emitted(mix)
	b.e.links.cross(ev)
}

// ends draws the first and the last neighbour of a mix's loop.
func (b *mixLoops) ends(mix int) (first, last int32) {
	layer := b.layer(mix)
	last = b.neighbour(layer - 1)
	if b.e.cfg.Layers == 1 {
		return last, last
	}
	return b.neighbour((layer + 1) % (b.e.cfg.Layers + 1)), last
}

// neighbour draws a node of a layer; the providers are layer 0.
func (b *mixLoops) neighbour(layer int) int32 {
	if layer == 0 {
		return int32(b.rng.IntN(b.e.cfg.Providers))
	}
	return int32(b.e.cfg.mix(layer, b.rng.IntN(b.e.cfg.Width)))
}

// layer returns a mix's layer, from 1.
func (b *mixLoops) layer(mix int) int { return (mix-b.e.cfg.Providers)/b.e.cfg.Width + 1 }

// ringPlace is the layer of a loop's present hop; 0 is that of the providers.
func (b *mixLoops) ringPlace(ev *event) int {
	return (b.layer(int(ev.Src)) + int(ev.Hop)) % (b.e.cfg.Layers + 1)
}

// locate draws the node of a loop's present hop.
func (b *mixLoops) locate(ev *event) uint16 {
	switch {
	case ev.Hop == b.e.cfg.exitHop():
		return uint16(ev.Src)
	case ev.Hop == b.e.cfg.exitHop()-1:
		return uint16(ev.Aux)
	case ev.Hop == 1:
		return uint16(ev.Dst)
	}
	if l := b.ringPlace(ev); l > 0 {
		return b.e.routes.anyMix(l)
	}
	return uint16(b.e.routes.anyProvider())
}

// returned notes that a loop is back.
func (b *mixLoops) returned(ev *event) {
	if b.sent-ev.Ref > int32(len(b.back)) {
		return // so late that its place is another's
	}
	b.back[int(ev.Ref)&(len(b.back)-1)] = true
}

// judge looks at one loop when its time-out has passed.
func (b *mixLoops) judge(ev event) {
	back := b.back[int(ev.Ref)&(len(b.back)-1)]
	if back {
		b.e.m.count.mixLoopsBack++
	}
	if b.all[int(ev.Src)-b.e.cfg.Providers].observe(back) {
		b.alarm(ev.Src, none)
	}
	b.judgeLink(ev.Src, ev.Aux, back)
	if ev.Dst != ev.Aux {
		b.judgeLink(ev.Src, ev.Dst, back)
	}
}

func (b *mixLoops) judgeLink(mix, neighbour int32, back bool) {
	key := int64(mix)<<32 | int64(neighbour)
	m := b.byLink[key]
	if m == nil {
		m = new(monitor)
		b.byLink[key] = m
	}
	if m.observe(back) {
		b.alarm(mix, neighbour)
	}
}

func (b *mixLoops) alarm(mix, from int32) {
	b.alarms = append(b.alarms, Alarm{At: time.Duration(b.e.now), Node: int(mix), From: int(from)})
}
