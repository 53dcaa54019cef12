package des

import "murmuration/internal/protocol"

// nodes are what providers and mixes do with packets.
type nodes struct {
	e        *engine
	free     []int64 // when each mix has served what waits for it
	inside   []int32 // packets in each node
	loopsFly bool    // no client's loop is seen on its way or keeps others waiting
}

func (n *nodes) init(e *engine) {
	c := &e.cfg
	n.e = e
	n.free, n.inside = make([]int64, c.nodes()), make([]int32, c.nodes())
	n.loopsFly = c.Retrieval != Exchange && c.OnlineFor == 0 && c.Tap == nil
}

// arrive takes a packet into a node.
func (n *nodes) arrive(ev event) {
	e := n.e
	if ev.Hop == 0 && e.cfg.Retrieval == Exchange {
		e.spools.exchange(ev.Src)
	}
	if ev.Hop == e.cfg.exitHop() && n.consume(&ev) {
		return
	}
	if !e.cfg.Hops {
		n.fly(ev, e.routes.stay(&ev))
		return
	}
	wait, ok := n.serve(ev.Node)
	if !ok {
		e.m.count.overload++
		return
	}
	n.inside[ev.Node]++
	e.attack.arrived(e, &ev)
	ev.Kind = leaves
	e.later(wait+e.routes.stay(&ev), ev)
}

// consume does what the last node of a forward path does; it reports whether the packet
// ends here.
func (n *nodes) consume(ev *event) bool {
	switch ev.Class {
	case drop:
		return true
	case mixLoop:
		n.e.mixLoops.returned(ev)
		return true
	case request:
		n.e.requests.execute(ev)
		ev.Class = reply
	}
	return false
}

// serve lets a packet wait for the mix's processor; it reports false if the queue is full.
// Service takes the same time for each packet, so the queue need not be simulated.
func (n *nodes) serve(node uint16) (wait int64, ok bool) {
	e := n.e
	service := int64(e.cfg.Service)
	if service == 0 || int(node) < e.cfg.Providers {
		return 0, true
	}
	begin := max(e.now, n.free[node])
	if begin-e.now > int64(e.cfg.Queue)*service {
		return 0, false
	}
	n.free[node] = begin + service
	e.m.served.add(float64(begin-e.now) / 1e9)
	return begin + service - e.now, true
}

// leave sends a packet on from a node.
func (n *nodes) leave(ev event) {
	e := n.e
	n.inside[ev.Node]--
	e.attack.departed(&ev)
	switch {
	case ev.Class == bundle && ev.Hop == bundleHop:
		e.bundles.split(ev)
	case ev.Hop == e.cfg.replyHop(), ev.Hop == e.cfg.exitHop() && ev.Class != reply:
		e.spools.take(ev)
	default:
		e.links.cross(ev)
	}
}

// fly takes a packet over all hops at once to where something happens to it: the exit of
// a request, the spool of a client. It starts after d at the present hop.
func (n *nodes) fly(ev event, d int64) {
	e := n.e
	last := e.cfg.exitHop()
	switch ev.Class {
	case drop:
		return // nobody would notice it again
	case loop:
		if n.loopsFly {
			n.flyLoop()
			return
		}
	case reply:
		last = e.cfg.replyHop()
	case bundle:
		last = bundleHop
	}
	for ev.Hop < last {
		ev.Hop++
		d += e.links.next(&ev)
		if e.links.lost() {
			return
		}
		if ev.Class != request || ev.Hop < last {
			d += e.routes.stay(&ev)
		}
	}
	n.land(ev, d)
}

// land is the end of a flight, d from now.
func (n *nodes) land(ev event, d int64) {
	switch ev.Class {
	case bundle:
		n.e.bundles.splitAfter(ev, d)
		return
	case request:
		ev.Kind, ev.Node = atNode, uint16(ev.Dst)
	case mixLoop:
		ev.Kind = atNode
	default:
		ev.Kind = spooled
	}
	n.e.later(d, ev)
}

// flyLoop lets a client's loop come home at once, when nobody sees when it does.
func (n *nodes) flyLoop() {
	for range protocol.PathHops(n.e.cfg.Layers) {
		if n.e.links.lost() {
			return
		}
	}
	n.e.m.count.loopsBack++
}
