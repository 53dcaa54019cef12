package des

import "time"

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

// loopBook is what the mixes remember of their loops.
type loopBook struct {
	sent   int32  // loops so far, the serial of the next
	back   []bool // by serial modulo its length, a power of two
	all    []monitor
	byLink map[int64]*monitor // by mix and neighbour; only looked up, never walked
	alarms []Alarm
}

func (e *engine) initLoops() {
	c := &e.cfg
	mixes := c.Layers * c.Width
	rate := perSecond(c.MixLoopEvery) * float64(mixes)
	e.mixLoops = newClock(rate, e.onLoop)
	n := 64
	for float64(n) < 4*rate*c.MixLoopTimeout.Seconds() {
		n *= 2
	}
	e.loops = loopBook{back: make([]bool, n), all: make([]monitor, mixes), byLink: map[int64]*monitor{}}
}

// sendMixLoop sends a loop from some mix, which chooses the whole way and so knows on which
// links it leaves and should come home.
func (e *engine) sendMixLoop() {
	c := &e.cfg
	mix := c.Providers + e.onLoop.IntN(c.Layers*c.Width)
	ev := event{src: int32(mix), node: uint16(mix), class: mixLoop, ref: e.loops.sent}
	ev.dst, ev.aux = e.loopLinks(mix)
	e.loops.sent++
	e.loops.back[int(ev.ref)&(len(e.loops.back)-1)] = false
	e.m.count.mixLoopsSent++
	e.dues.push(event{
		at: e.now + int64(c.MixLoopTimeout), src: ev.src, dst: ev.dst, ref: ev.ref, aux: ev.aux, kind: loopDue,
	})
	if !c.Hops {
		e.fly(ev, 0)
		return
	}
	e.attack.emitted(e, mix)
	e.cross(ev)
}

// loopLinks draws the first and the last neighbour of a mix's loop.
func (e *engine) loopLinks(mix int) (first, last int32) {
	layer := e.layer(mix)
	last = e.neighbour(layer - 1)
	if e.cfg.Layers == 1 {
		return last, last
	}
	return e.neighbour((layer + 1) % (e.cfg.Layers + 1)), last
}

// neighbour draws a node of a layer; the providers are layer 0.
func (e *engine) neighbour(layer int) int32 {
	if layer == 0 {
		return int32(e.onLoop.IntN(e.cfg.Providers))
	}
	return int32(e.cfg.Mix(layer, e.onLoop.IntN(e.cfg.Width)))
}

// layer returns a mix's layer, from 1.
func (e *engine) layer(mix int) int { return (mix-e.cfg.Providers)/e.cfg.Width + 1 }

// ringPlace is the layer of a loop's present hop; 0 is that of the providers.
func (e *engine) ringPlace(ev *event) int {
	return (e.layer(int(ev.src)) + int(ev.hop)) % (e.cfg.Layers + 1)
}

// locateLoop draws the node of a loop's present hop.
func (e *engine) locateLoop(ev *event) uint16 {
	switch {
	case ev.hop == e.exitHop():
		return uint16(ev.src)
	case ev.hop == e.exitHop()-1:
		return uint16(ev.aux)
	case ev.hop == 1:
		return uint16(ev.dst)
	}
	if l := e.ringPlace(ev); l > 0 {
		return e.anyMix(l)
	}
	return uint16(e.anyProvider())
}

func (e *engine) loopReturned(ev *event) {
	book := &e.loops
	if book.sent-ev.ref > int32(len(book.back)) {
		return // so late that its place is another's
	}
	book.back[int(ev.ref)&(len(book.back)-1)] = true
}

// judgeLoop looks at one loop when its time-out has passed.
func (e *engine) judgeLoop(ev event) {
	book := &e.loops
	back := book.back[int(ev.ref)&(len(book.back)-1)]
	if back {
		e.m.count.mixLoopsBack++
	}
	if book.all[int(ev.src)-e.cfg.Providers].observe(back) {
		e.alarm(ev.src, none)
	}
	e.judgeLink(ev.src, ev.aux, back)
	if ev.dst != ev.aux {
		e.judgeLink(ev.src, ev.dst, back)
	}
}

func (e *engine) judgeLink(mix, neighbour int32, back bool) {
	key := int64(mix)<<32 | int64(neighbour)
	m := e.loops.byLink[key]
	if m == nil {
		m = new(monitor)
		e.loops.byLink[key] = m
	}
	if m.observe(back) {
		e.alarm(mix, neighbour)
	}
}

func (e *engine) alarm(mix, from int32) {
	e.loops.alarms = append(e.loops.alarms, Alarm{At: time.Duration(e.now), Node: int(mix), From: int(from)})
}
