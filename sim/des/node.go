package des

import (
	"math"

	"murmuration/internal/protocol"
	"murmuration/sim/stat"
)

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
		stay := e.routes.stay(&ev)
		e.seen.handled(&ev, stay)
		e.forks.attest(&ev)
		n.fly(ev, stay)
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
	stay := e.routes.stay(&ev)
	e.seen.handled(&ev, wait+stay)
	e.forks.attest(&ev)
	e.later(wait+stay, ev)
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

// routes say which nodes a packet passes and how long each delays it.
//
// A packet of a client has hops 0 (entry provider), 1 to Layers (mixes), Layers+1 (exit
// provider); a reply goes on from Layers+2 to 2*Layers+1 (mixes) and 2*Layers+2 (the
// provider of the client). A mix's loop has hops 1 to Layers+1, the last at home.
// Nodes on the way are drawn when the packet goes there: nobody could have looked before.
type routes struct {
	e   *engine
	rng *stat.Rand
}

func (r *routes) init(e *engine) { r.e, r.rng = e, e.random("des network") }

func (c *Config) exitHop() uint8  { return uint8(c.Layers + 1) }
func (c *Config) replyHop() uint8 { return uint8(2*c.Layers + 2) }

// home is the provider of a client.
func (c *Config) home(client int32) int32 { return client % int32(c.Providers) }

// locate draws the node of the packet's present hop.
func (r *routes) locate(ev *event) uint16 {
	c := &r.e.cfg
	exit := c.exitHop()
	switch {
	case ev.Class == mixLoop:
		return r.e.mixLoops.locate(ev)
	case ev.Hop == 0 || ev.Hop == c.replyHop():
		return uint16(c.home(ev.Src))
	case ev.Hop < exit:
		return r.anyMix(int(ev.Hop))
	case ev.Hop > exit:
		return r.anyMix(int(ev.Hop - exit))
	case ev.Class == drop || ev.Class == request:
		return uint16(ev.Dst)
	}
	return uint16(c.home(ev.Dst))
}

func (r *routes) anyMix(layer int) uint16 {
	return uint16(r.e.cfg.mix(layer, r.rng.IntN(r.e.cfg.Width)))
}

func (r *routes) anyProvider() int32 { return int32(r.rng.IntN(r.e.cfg.Providers)) }

// otherProvider draws a provider that is not the client's own, if there is one.
func (r *routes) otherProvider(c int32) int32 {
	n := r.e.cfg.Providers
	if n == 1 {
		return 0
	}
	p := int32(r.rng.IntN(n - 1))
	if p >= r.e.cfg.home(c) {
		p++
	}
	return p
}

// delay draws what the sender chooses for one hop, in ns.
func (r *routes) delay() int64 {
	c := &r.e.cfg
	x := r.rng.Exp()
	for c.DelayCap > 0 && x > c.DelayCap {
		x = r.rng.Exp()
	}
	return int64(math.Round(x * float64(c.MeanHop)))
}

// delays reports whether the packet's present hop delays it.
func (r *routes) delays(ev *event) bool {
	c := &r.e.cfg
	switch {
	case ev.Class == mixLoop:
		return ev.Hop < c.exitHop() && (r.e.mixLoops.ringPlace(ev) > 0 || c.ExitDelay)
	case ev.Hop == 0:
		return c.EntryDelay
	case ev.Hop == c.exitHop() || ev.Hop == c.replyHop():
		return c.ExitDelay
	}
	return true
}

// stay is how long the packet's present node keeps it.
func (r *routes) stay(ev *event) int64 {
	d := int64(0)
	if r.delays(ev) {
		if sent := r.e.requests.of(ev); sent != nil {
			d = int64(sent.delays[ev.Hop]) * 1000
		} else {
			d = r.delay()
		}
	}
	if ev.Class == reply && ev.Hop == r.e.cfg.exitHop() {
		d += int64(r.e.cfg.Boxes.Allowance)
	}
	return d
}
