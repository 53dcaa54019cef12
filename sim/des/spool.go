package des

// spoolItem is one packet in a spool.
type spoolItem struct {
	ev   event
	next int32
}

// owner is the client that a packet in a spool is for.
func owner(ev *event) int32 {
	if ev.class == reply {
		return ev.src
	}
	return ev.dst
}

// spool is where a packet for a client arrives at its provider.
func (e *engine) spool(ev event) {
	c := owner(&ev)
	ev.at = e.now // since when it waits
	switch {
	case e.offline.has(c):
		ev.late = true
		e.keep(c, ev)
	case e.cfg.Retrieval == Exchange:
		e.keep(c, ev)
	case e.cfg.Retrieval == Push:
		e.down(c, ev)
	default:
		e.awaitPull(c, ev)
	}
}

// keep puts a packet into its client's spool, which drops it when full.
func (e *engine) keep(c int32, ev event) {
	cl := &e.clients[c]
	if int(cl.spoolLen) >= e.cfg.SpoolLimit {
		e.m.count.spoolFull++
		return
	}
	i := e.spFree
	if i == none {
		i = int32(len(e.spools))
		e.spools = append(e.spools, spoolItem{})
	} else {
		e.spFree = e.spools[i].next
	}
	e.spools[i] = spoolItem{ev: ev, next: none}
	if cl.spoolFirst == none {
		cl.spoolFirst = i
		e.withSpool.add(c)
	} else {
		e.spools[cl.spoolLast].next = i
	}
	cl.spoolLast = i
	cl.spoolLen++
}

// unspool takes the oldest packet of a client.
func (e *engine) unspool(c int32) (event, bool) {
	if !e.withSpool.has(c) {
		return event{}, false
	}
	cl := &e.clients[c]
	i := cl.spoolFirst
	s := &e.spools[i]
	cl.spoolFirst = s.next
	if s.next == none {
		e.withSpool.clear(c)
	}
	s.next, e.spFree = e.spFree, i
	cl.spoolLen--
	return s.ev, true
}

// exchange answers one frame of a client with the oldest packet of its spool, or with a
// dummy that looks the same.
func (e *engine) exchange(c int32) {
	ev, ok := e.unspool(c)
	if !ok {
		e.watch(e.home(c), int32(e.cfg.nodes())+c, nil)
		return
	}
	e.m.spoolWait.add(float64(e.now-ev.at) / 1e9)
	e.down(c, ev)
}

// down sends a packet from the provider to its client.
func (e *engine) down(c int32, ev event) {
	e.watch(e.home(c), int32(e.cfg.nodes())+c, &ev)
	if e.lost() {
		return
	}
	ev.kind = atClient
	if e.cfg.ClientLink == 0 {
		e.receive(ev)
		return
	}
	ev.at = e.now + int64(e.cfg.ClientLink)
	e.downs.push(ev)
}

// awaitPull schedules the client's next look into its spool for one packet: looks that find
// nothing need no event.
func (e *engine) awaitPull(c int32, ev event) {
	period := int64(e.cfg.PullEvery)
	phase := int64(float64(period) * float64(c) / float64(e.cfg.Clients))
	wait := period - (e.now-phase)%period
	ev.kind = pulled
	ev.at = e.now
	// The time since which it waits is needed no more: the sample is known already.
	e.m.spoolWait.add(float64(wait) / 1e9)
	e.later(wait%period, ev)
}

// pull brings a packet down, if the client is there to look.
func (e *engine) pull(ev event) {
	c := owner(&ev)
	if e.offline.has(c) {
		ev.at, ev.late = e.now, true
		e.keep(c, ev)
		return
	}
	e.down(c, ev)
}

// receive is what a client does with a packet.
func (e *engine) receive(ev event) {
	switch ev.class {
	case message:
		e.deliver(ev)
	case ack:
		e.acked(ev)
	case loop:
		e.m.count.loopsBack++
	case reply:
		e.answered(ev)
	}
}
