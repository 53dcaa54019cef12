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
	ev.late = e.offline.has(c)
	if e.cfg.Retrieval == Push && !ev.late {
		e.m.spoolWait.add(0)
		e.down(c, ev)
		return
	}
	awaited := e.withSpool.has(c)
	e.keep(c, ev)
	if e.cfg.Retrieval == Pull && !ev.late && !awaited {
		e.awaitPull(c)
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

// awaitPull schedules the client's next look into its spool: looks that find nothing need no event.
func (e *engine) awaitPull(c int32) {
	period := int64(e.cfg.PullEvery)
	phase := int64(float64(period) * float64(c) / float64(e.cfg.Clients))
	wait := period - (e.now-phase)%period
	e.later(wait%period, event{src: c, kind: pulled})
}

// pull brings down what waits for a client, if the client is there to look.
func (e *engine) pull(c int32) {
	for !e.offline.has(c) && e.withSpool.has(c) {
		e.exchange(c)
	}
}

// comeBack is what a client that was away does about its spool. What waits there is late, even if it came just before
// the client left.
func (e *engine) comeBack(c int32) {
	if !e.withSpool.has(c) {
		return
	}
	for i := e.clients[c].spoolFirst; i != none; i = e.spools[i].next {
		e.spools[i].ev.late = true
	}
	switch e.cfg.Retrieval {
	case Push:
		e.pull(c)
	case Pull:
		e.awaitPull(c)
	}
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
