package des

import (
	"math"

	"murmuration/sim/des/wheel"
	"murmuration/sim/stat"
)

// links carry packets, and lose some.
type links struct {
	e       *engine
	between wheel.Lane // of nodes
	ups     wheel.Lane // from clients
	downs   wheel.Lane // to clients
	steady  bool       // they take constant time
	regions int

	rng       *stat.Rand // of losses
	untilLoss int        // links until the next loss
}

func (l *links) init(e *engine) {
	l.e, l.rng = e, e.random("des loss")
	for l.regions*l.regions < len(e.cfg.Regions) {
		l.regions++
	}
	l.steady = l.regions == 0 && e.cfg.LinkSpread == 0
	l.untilLoss = l.nextLoss()
}

// up sends a frame from a client to its provider.
func (l *links) up(ev event) {
	e := l.e
	ev.Kind, ev.Hop, ev.Node = atNode, 0, uint16(e.cfg.home(ev.Src))
	e.m.count.sent++
	e.seen.frame(&ev)
	e.tap.watch(int32(e.cfg.nodes())+ev.Src, int32(ev.Node), &ev)
	if l.lost() {
		return
	}
	if len(e.attack.plans) > 0 {
		held, ok := e.attack.onLink(e, &ev, fromClient)
		if !ok {
			return
		}
		if held > 0 {
			e.later(held+int64(e.cfg.ClientLink), ev)
			return
		}
	}
	if e.cfg.ClientLink == 0 {
		e.nodes.arrive(ev)
		return
	}
	ev.At = e.now + int64(e.cfg.ClientLink)
	l.ups.Push(ev)
}

// down sends a packet from the provider to its client.
func (l *links) down(c int32, ev event) {
	e := l.e
	e.tap.watch(e.cfg.home(c), int32(e.cfg.nodes())+c, &ev)
	if l.lost() {
		return
	}
	ev.Kind = atClient
	if e.cfg.ClientLink == 0 {
		e.receive(ev)
		return
	}
	ev.At = e.now + int64(e.cfg.ClientLink)
	l.downs.Push(ev)
}

// cross sends a packet over the link to its next node.
func (l *links) cross(ev event) {
	e := l.e
	from := ev.Node
	ev.Hop++
	ev.Node = e.routes.locate(&ev)
	e.tap.watch(int32(from), int32(ev.Node), &ev)
	if l.lost() {
		return
	}
	held, ok := e.attack.onLink(e, &ev, from)
	if !ok {
		return
	}
	ev.Kind = atNode
	d := l.time(from, ev.Node)
	switch {
	case held > 0 || !l.steady:
		e.later(held+d, ev)
	case d == 0:
		e.nodes.arrive(ev)
	default:
		ev.At = e.now + d
		l.between.Push(ev)
	}
}

// time is how long a packet takes from one node to another.
func (l *links) time(from, to uint16) int64 {
	c := &l.e.cfg
	switch {
	case l.steady:
		return int64(c.Link)
	case l.regions > 0:
		return int64(c.Regions[int(from)%l.regions*l.regions+int(to)%l.regions])
	}
	return int64(c.Link) + int64((2*l.e.routes.rng.Float64()-1)*float64(c.LinkSpread))
}

// next is the time to the packet's present hop when it flies; where it matters, the node is drawn.
func (l *links) next(ev *event) int64 {
	if l.steady {
		return int64(l.e.cfg.Link)
	}
	from := ev.Node
	ev.Node = l.e.routes.locate(ev)
	return l.time(from, ev.Node)
}

// lost counts a link and reports whether it loses the packet. The number of links up to
// the next loss is geometric, which saves a draw per link.
func (l *links) lost() bool {
	l.untilLoss--
	if l.untilLoss > 0 {
		return false
	}
	l.untilLoss = l.nextLoss()
	l.e.m.count.lost++
	return true
}

func (l *links) nextLoss() int {
	loss := l.e.cfg.Loss
	switch {
	case loss <= 0:
		return math.MaxInt
	case loss >= 1:
		return 1
	}
	n := math.Floor(l.rng.Exp() / -math.Log1p(-loss))
	return 1 + int(min(n, 1<<60))
}
