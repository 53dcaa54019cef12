package des

import (
	"math"

	"murmuration/internal/protocol"
	"murmuration/sim/trace"
)

// A packet of a client has hops 0 (entry provider), 1 to Layers (mixes), Layers+1 (exit
// provider); a reply goes on from Layers+2 to 2*Layers+1 (mixes) and 2*Layers+2 (the
// provider of the client). A mix's loop has hops 1 to Layers+1, the last at home.
// Nodes on the way are drawn when the packet goes there: nobody could have looked before.

func (e *engine) exitHop() uint8  { return uint8(e.cfg.Layers + 1) }
func (e *engine) replyHop() uint8 { return uint8(2*e.cfg.Layers + 2) }

// home is the provider of a client.
func (e *engine) home(client int32) int32 { return client % int32(e.cfg.Providers) }

// locate draws the node of the packet's present hop.
func (e *engine) locate(ev *event) uint16 {
	exit := e.exitHop()
	switch {
	case ev.class == mixLoop:
		return e.locateLoop(ev)
	case ev.hop == 0 || ev.hop == e.replyHop():
		return uint16(e.home(ev.src))
	case ev.hop < exit:
		return e.anyMix(int(ev.hop))
	case ev.hop > exit:
		return e.anyMix(int(ev.hop - exit))
	case ev.class == drop || ev.class == request:
		return uint16(ev.dst)
	}
	return uint16(e.home(ev.dst))
}

func (e *engine) anyMix(layer int) uint16 {
	return uint16(e.cfg.Mix(layer, e.onNet.IntN(e.cfg.Width)))
}

func (e *engine) anyProvider() int32 { return int32(e.onNet.IntN(e.cfg.Providers)) }

// delay draws what the sender chooses for one hop, in ns.
func (e *engine) delay() int64 {
	x := e.onNet.Exp()
	for e.cfg.DelayCap > 0 && x > e.cfg.DelayCap {
		x = e.onNet.Exp()
	}
	return int64(math.Round(x * float64(e.cfg.MeanHop)))
}

// delays reports whether the packet's present hop delays it.
func (e *engine) delays(ev *event) bool {
	switch {
	case ev.class == mixLoop:
		return ev.hop < e.exitHop() && (e.ringPlace(ev) > 0 || e.cfg.ExitDelay)
	case ev.hop == 0:
		return e.cfg.EntryDelay
	case ev.hop == e.exitHop() || ev.hop == e.replyHop():
		return e.cfg.ExitDelay
	}
	return true
}

// stay is how long the packet's present node keeps it.
func (e *engine) stay(ev *event) int64 {
	d := int64(0)
	if e.delays(ev) {
		if r := e.recordOf(ev); r != nil {
			d = int64(r.delays[ev.hop]) * 1000
		} else {
			d = e.delay()
		}
	}
	if ev.class == reply && ev.hop == e.exitHop() {
		d += int64(e.cfg.Boxes.Allowance)
	}
	return d
}

// arrive takes a packet into a node.
func (e *engine) arrive(ev event) {
	if ev.hop == 0 && e.cfg.Retrieval == Exchange {
		e.exchange(ev.src)
	}
	if ev.hop == e.exitHop() && e.consume(&ev) {
		return
	}
	if !e.cfg.Hops {
		e.fly(ev, e.stay(&ev))
		return
	}
	wait, ok := e.serve(ev.node)
	if !ok {
		e.m.count.overload++
		return
	}
	e.inside[ev.node]++
	e.attack.arrived(e, &ev)
	ev.kind = leaves
	e.later(wait+e.stay(&ev), ev)
}

// consume does what the last node of a forward path does; it reports whether the packet
// ends here.
func (e *engine) consume(ev *event) bool {
	switch ev.class {
	case drop:
		return true
	case mixLoop:
		e.loopReturned(ev)
		return true
	case request:
		e.execute(ev)
		ev.class = reply
	}
	return false
}

// serve lets a packet wait for the mix's processor; it reports false if the queue is full.
// Service takes the same time for each packet, so the queue need not be simulated.
func (e *engine) serve(node uint16) (wait int64, ok bool) {
	service := int64(e.cfg.Service)
	if service == 0 || int(node) < e.cfg.Providers {
		return 0, true
	}
	begin := max(e.now, e.mixFree[node])
	if begin-e.now > int64(e.cfg.Queue)*service {
		return 0, false
	}
	e.mixFree[node] = begin + service
	e.m.served.add(float64(begin-e.now) / 1e9)
	return begin + service - e.now, true
}

// leave sends a packet on from a node.
func (e *engine) leave(ev event) {
	e.inside[ev.node]--
	e.attack.departed(e, &ev)
	switch {
	case ev.class == bundle && ev.hop == bundleHop:
		e.unbundle(ev)
	case ev.hop == e.replyHop(), ev.hop == e.exitHop() && ev.class != reply:
		e.spool(ev)
	default:
		e.cross(ev)
	}
}

// cross sends a packet over the link to its next node.
func (e *engine) cross(ev event) {
	from := ev.node
	ev.hop++
	ev.node = e.locate(&ev)
	e.watch(int32(from), int32(ev.node), &ev)
	if e.lost() {
		return
	}
	held, ok := e.attack.onLink(e, &ev, from)
	if !ok {
		return
	}
	ev.kind = atNode
	d := e.linkTime(from, ev.node)
	switch {
	case held > 0 || !e.steady:
		e.later(held+d, ev)
	case d == 0:
		e.arrive(ev)
	default:
		ev.at = e.now + d
		e.links.push(ev)
	}
}

// linkTime is how long a packet takes from one node to another.
func (e *engine) linkTime(from, to uint16) int64 {
	switch {
	case e.steady:
		return int64(e.cfg.Link)
	case e.regions > 0:
		return int64(e.cfg.Regions[int(from)%e.regions*e.regions+int(to)%e.regions])
	}
	return int64(e.cfg.Link) + int64((2*e.onNet.Float64()-1)*float64(e.cfg.LinkSpread))
}

// fly takes a packet over all hops at once to where something happens to it: the exit of
// a request, the spool of a client. It starts after d at the present hop.
func (e *engine) fly(ev event, d int64) {
	last := e.exitHop()
	switch ev.class {
	case drop:
		return // nobody would notice it again
	case loop:
		if e.loopsFly {
			e.flyLoop()
			return
		}
	case reply:
		last = e.replyHop()
	case bundle:
		last = bundleHop
	}
	for ev.hop < last {
		ev.hop++
		d += e.nextLink(&ev)
		if e.lost() {
			return
		}
		if ev.class != request || ev.hop < last {
			d += e.stay(&ev)
		}
	}
	switch ev.class {
	case bundle:
		e.unbundleAfter(ev, d)
		return
	case request:
		ev.kind, ev.node = atNode, uint16(ev.dst)
	case mixLoop:
		ev.kind = atNode
	default:
		ev.kind = spooled
	}
	e.later(d, ev)
}

// flyLoop lets a client's loop come home at once, when nobody sees when it does.
func (e *engine) flyLoop() {
	for range protocol.PathHops(e.cfg.Layers) {
		if e.lost() {
			return
		}
	}
	e.m.count.loopsBack++
}

// nextLink is the time to the packet's present hop when it flies; where it matters, the
// node is drawn.
func (e *engine) nextLink(ev *event) int64 {
	if e.steady {
		return int64(e.cfg.Link)
	}
	from := ev.node
	ev.node = e.locate(ev)
	return e.linkTime(from, ev.node)
}

// lost counts a link and reports whether it loses the packet. The number of links up to
// the next loss is geometric, which saves a draw per link.
func (e *engine) lost() bool {
	e.untilNo--
	if e.untilNo > 0 {
		return false
	}
	e.untilNo = e.nextLoss()
	e.m.count.lost++
	return true
}

func (e *engine) nextLoss() int {
	switch {
	case e.cfg.Loss <= 0:
		return math.MaxInt
	case e.cfg.Loss >= 1:
		return 1
	}
	n := math.Floor(e.onLoss.Exp() / -math.Log1p(-e.cfg.Loss))
	return 1 + int(min(n, 1<<60))
}

// watch shows a packet to the tap, and notes the truth about it apart. A dummy is nil.
func (e *engine) watch(from, to int32, ev *event) {
	if e.tap == nil || e.tapErr != nil {
		return
	}
	nodes := int32(e.cfg.nodes())
	if e.cfg.TapClients && from < nodes && to < nodes {
		return
	}
	e.tapErr = e.tap.Add(trace.Event{At: e.now, From: from, To: to, Size: int32(e.cfg.PacketSize)})
	if e.cfg.Labels {
		e.labels.Packets = append(e.labels.Packets, e.label(ev))
	}
}

// label names a message's packet, -1 for all else.
func (e *engine) label(ev *event) int64 {
	if ev == nil || ev.class != message {
		return -1
	}
	return e.posts[ev.ref].serial<<clientBits | int64(ev.dst)
}
