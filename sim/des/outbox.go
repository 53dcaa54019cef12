package des

// outboxes are what clients want to send, oldest first. The bits say which clients have anything.
type outboxes struct {
	e       *engine
	clients []ends
	items   []item // arena of all outboxes
	free    int32
	filled  set
	built   []int64 // with BuildAhead: when the last slot of a client who had something passed
}

// ends are the first and the last element of a list in an arena.
type ends struct{ first, last int32 }

// item waits in an outbox for a payload slot.
type item struct {
	queued int64
	dst    int32
	ref    int32
	part   int32
	next   int32
	class  class
}

func (o *outboxes) init(e *engine) {
	o.e, o.free = e, none
	o.clients = make([]ends, e.cfg.Clients)
	for i := range o.clients {
		o.clients[i] = ends{none, none}
	}
	o.filled = newSet(e.cfg.Clients)
	if e.cfg.BuildAhead {
		o.built = make([]int64, e.cfg.Clients)
	}
}

// put adds something to a client's outbox.
func (o *outboxes) put(c int32, it item) {
	it.queued, it.next = o.e.now, none
	i := o.free
	if i == none {
		i = int32(len(o.items))
		o.items = append(o.items, it)
	} else {
		o.free = o.items[i].next
		o.items[i] = it
	}
	box := &o.clients[c]
	if box.first == none {
		box.first = i
		o.filled.add(c)
		o.e.tap.becomeBusy(c)
	} else {
		o.items[box.last].next = i
	}
	box.last = i
}

// passed notes that a slot of a client is over: what waits can be in the packet of the next one.
func (o *outboxes) passed(c int32) {
	if o.built != nil && o.filled.has(c) {
		o.built[c] = o.e.now
	}
}

// take makes a packet of the head of a client's outbox.
func (o *outboxes) take(c int32) (event, bool) {
	if !o.filled.has(c) {
		return event{}, false
	}
	e := o.e
	box := &o.clients[c]
	i := box.first
	it := o.items[i]
	if o.built != nil && it.queued >= o.built[c] {
		return event{}, false
	}
	box.first = it.next
	o.items[i].next, o.free = o.free, i
	if box.first == none {
		box.last = none
		o.filled.clear(c)
		e.tap.becomeIdle(c)
	}
	if it.queued >= e.start && it.queued < e.end {
		e.m.queued.add(float64(e.now-it.queued) / 1e9)
	}
	ev := event{Src: c, Dst: it.dst, Ref: it.ref, Aux: it.part, Class: it.class}
	switch {
	case it.class == request:
		e.requests.stamp(&ev)
	case it.class == message && e.cfg.Groups.Timeout > 0:
		e.recovery.expectAcks(&ev)
	}
	return ev, true
}
