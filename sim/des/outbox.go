package des

// outboxes are what clients want to send, oldest first. The bits say which clients have anything.
type outboxes struct {
	e       *engine
	clients []ends
	items   []item // arena of all outboxes
	free    int32
	filled  set
	built   []int64 // with BuildAhead: when the last slot passed of a client who had something
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
	known  bool // when the slot before the one that can carry it was over
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

// since is the time from which on what is wanted comes too late for a client's present slot.
func (o *outboxes) since(c int32) int64 {
	if o.built == nil {
		return o.e.now + 1
	}
	return o.built[c]
}

// waits reports whether a client has something for its present slot.
func (o *outboxes) waits(c int32) bool {
	if !o.filled.has(c) {
		return false
	}
	first := &o.items[o.clients[c].first]
	return first.known || first.queued < o.since(c)
}

// take makes a packet of the head of a client's outbox.
func (o *outboxes) take(c int32) (event, bool) {
	if !o.waits(c) {
		return event{}, false
	}
	e := o.e
	box := &o.clients[c]
	i := box.first
	it := o.items[i]
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
		if r := &e.requests.all[ev.Ref]; r.use == write && r.tries == 1 {
			e.runs.sent(r.run)
		}
	case it.class == message && e.cfg.Groups.Timeout > 0:
		e.recovery.expectAcks(&ev)
	}
	return ev, true
}

// bundles are packets that leave a client as one: Rollercoaster's p.
type bundles struct {
	e      *engine
	all    []parcel
	free   []int32
	filled []int32 // of each client, the parcel that waits to be full
}

// parcel is the packets of one bundle.
type parcel struct {
	packets [maxBundle]event
	used    int
}

// bundleHop is the mix behind which a bundle splits.
const bundleHop = 2

func (c *Config) bundleSize() int { return max(c.Groups.Bundle, 1) }

func (b *bundles) init(e *engine) {
	b.e = e
	if e.cfg.bundleSize() == 1 {
		return
	}
	b.filled = make([]int32, e.cfg.Clients)
	for i := range b.filled {
		b.filled[i] = none
	}
}

// wrap adds a packet to its client's parcel and sends that when it is full.
func (b *bundles) wrap(ev event) {
	mine := &b.filled[ev.Src]
	if *mine == none {
		*mine = b.add()
	}
	p := &b.all[*mine]
	p.packets[p.used] = ev
	p.used++
	if p.used < b.e.cfg.bundleSize() {
		return
	}
	out := event{Src: ev.Src, Dst: ev.Src, Ref: *mine, Class: bundle}
	*mine = none
	b.e.links.up(out)
}

func (b *bundles) add() int32 {
	if n := len(b.free); n > 0 {
		i := b.free[n-1]
		b.free = b.free[:n-1]
		b.all[i].used = 0
		return i
	}
	b.all = append(b.all, parcel{})
	return int32(len(b.all) - 1)
}

// split sends the packets of a bundle on, each on a way of its own.
func (b *bundles) split(ev event) {
	p := b.all[ev.Ref]
	b.free = append(b.free, ev.Ref)
	for _, one := range p.packets[:p.used] {
		one.Hop, one.Node = ev.Hop, ev.Node
		b.e.links.cross(one)
	}
}

// splitAfter is split for packets that fly over all hops at once.
func (b *bundles) splitAfter(ev event, d int64) {
	p := b.all[ev.Ref]
	b.free = append(b.free, ev.Ref)
	for _, one := range p.packets[:p.used] {
		one.Hop = ev.Hop
		b.e.nodes.fly(one, d)
	}
}
