package des

// client is the state of one client that has something to send or to fetch. Which streams
// it has is the same for all and stands in Config. Most of the time most clients have
// nothing, and a million of these do not fit into a cache: whether one has anything, and
// whether it is online, stands in bits apart, so that slots of cover need not look here.
type client struct {
	outFirst, outLast     int32 // in the arena of outboxes
	spoolFirst, spoolLast int32 // in the arena of spools
	parcel                int32 // bundle that waits to be filled
	turn                  int32 // next of its followed authors to get a place
	spoolLen              int32
}

// set is a set of clients: 125 kB for a million.
type set []uint64

func newSet(n int) set         { return make(set, (n+63)/64) }
func (b set) has(c int32) bool { return b[c>>6]&(1<<(c&63)) != 0 }
func (b set) add(c int32)      { b[c>>6] |= 1 << (c & 63) }
func (b set) clear(c int32)    { b[c>>6] &^= 1 << (c & 63) }

// item waits in an outbox for a payload slot.
type item struct {
	queued int64
	dst    int32
	ref    int32
	part   int32
	next   int32
	class  class
}

func (e *engine) initClients() {
	c := &e.cfg
	e.clients = make([]client, c.Clients)
	for i := range e.clients {
		e.clients[i] = client{
			outFirst: none, outLast: none, spoolFirst: none, spoolLast: none, parcel: none,
		}
	}
	e.offline, e.withMail, e.withSpool = newSet(c.Clients), newSet(c.Clients), newSet(c.Clients)
	payload, loops, drops := perSecond(c.PayloadEvery), perSecond(c.LoopEvery), perSecond(c.DropEvery)
	e.payloadShare = payload / (payload + loops + drops)
	e.loopShare = loops / (payload + loops + drops)
	if c.Labels {
		e.busy = make([]int64, c.Clients)
		for i := range e.busy {
			e.busy[i] = never
		}
	}
	e.slots = newClock(e.packetRate(), e.onSlot)
	e.initSessions()
}

// slot is one sending slot of some client's streams. Which client and which stream is
// drawn now: superposed Poisson processes do not remember.
func (e *engine) slot() {
	c := int32(e.onSlot.IntN(e.cfg.Clients))
	x := e.onSlot.Float64()
	if e.offline.has(c) {
		return
	}
	switch {
	case x < e.payloadShare:
		e.payloadSlot(c)
	case x < e.payloadShare+e.loopShare:
		e.loopSlot(c)
	default:
		e.send(event{src: c, dst: e.anyProvider(), ref: none, class: drop})
	}
}

func (e *engine) payloadSlot(c int32) {
	if e.cfg.Boxes.Watched > 0 && e.onSlot.Float64() < e.cfg.Boxes.PollShare {
		e.poll(c)
		return
	}
	if ev, ok := e.fromOutbox(c); ok {
		e.send(ev)
		return
	}
	switch {
	case e.cfg.NoCover:
	case e.cfg.Boxes.Watched > 0:
		e.send(event{src: c, dst: e.otherProvider(c), ref: none, class: request})
	default:
		e.send(event{src: c, dst: e.anyProvider(), ref: none, class: drop})
	}
}

func (e *engine) loopSlot(c int32) {
	if e.cfg.Boxes.Watched > 0 {
		e.poll(c)
		return
	}
	e.m.count.loopsSent++
	e.send(event{src: c, dst: c, ref: none, class: loop})
}

// enqueue puts something into a client's outbox.
func (e *engine) enqueue(c int32, it item) {
	it.queued, it.next = e.now, none
	i := e.outFree
	if i == none {
		i = int32(len(e.outbox))
		e.outbox = append(e.outbox, it)
	} else {
		e.outFree = e.outbox[i].next
		e.outbox[i] = it
	}
	cl := &e.clients[c]
	if cl.outFirst == none {
		cl.outFirst = i
		e.withMail.add(c)
		e.becomeBusy(c)
	} else {
		e.outbox[cl.outLast].next = i
	}
	cl.outLast = i
}

// fromOutbox takes the head of a client's outbox as a packet.
func (e *engine) fromOutbox(c int32) (event, bool) {
	if !e.withMail.has(c) {
		return event{}, false
	}
	cl := &e.clients[c]
	i := cl.outFirst
	it := e.outbox[i]
	cl.outFirst = it.next
	e.outbox[i].next, e.outFree = e.outFree, i
	if cl.outFirst == none {
		cl.outLast = none
		e.withMail.clear(c)
		e.becomeIdle(c)
	}
	if it.queued >= e.start && it.queued < e.end {
		e.m.queued.add(float64(e.now-it.queued) / 1e9)
	}
	ev := event{src: c, dst: it.dst, ref: it.ref, aux: it.part, class: it.class}
	switch {
	case it.class == request:
		e.stamp(&ev)
	case it.class == message && e.cfg.Groups.Timeout > 0:
		e.expectAcks(&ev)
	}
	return ev, true
}

// send gives a client's packet to its provider, or to the parcel that it fills.
func (e *engine) send(ev event) {
	if e.bundleSize() > 1 {
		e.wrap(ev)
		return
	}
	e.up(ev)
}

// up sends a frame from a client to its provider.
func (e *engine) up(ev event) {
	ev.kind, ev.hop, ev.node = atNode, 0, uint16(e.home(ev.src))
	e.m.count.sent++
	e.watch(int32(e.cfg.nodes())+ev.src, int32(ev.node), &ev)
	if e.lost() {
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
		e.arrive(ev)
		return
	}
	ev.at = e.now + int64(e.cfg.ClientLink)
	e.ups.push(ev)
}

// becomeBusy and becomeIdle keep the truth about who had something to say.
func (e *engine) becomeBusy(c int32) {
	if e.busy != nil {
		e.busy[c] = e.now
	}
}

func (e *engine) becomeIdle(c int32) {
	if e.busy != nil {
		e.endBusy(c)
	}
}
