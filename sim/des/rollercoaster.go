package des

// Rollercoaster (Hugenroth, Kleppmann, Beresford, USENIX Security 2021): whoever has a
// post sends it on. The recipients stand in a random order behind the author; in round t
// the first (k+1)^t have the post, and each sends it to k of the next. Each recipient
// acknowledges to the author after having put its own copies into the outbox.

// schedule draws the order of a post's recipients.
func (e *engine) schedule(i int32, members []int32) {
	p := &e.posts[i]
	p.order = append(p.order[:0], p.author)
	for _, c := range members {
		if c != p.author {
			p.order = append(p.order, c)
		}
	}
	rest := p.order[1:]
	e.onWork.Shuffle(len(rest), func(a, b int) { rest[a], rest[b] = rest[b], rest[a] })
}

func (e *engine) position(p *post, c int32) int {
	for i, x := range p.order {
		if x == c {
			return i
		}
	}
	panic("des: a post reached a client outside its group")
}

// pass is what a member does with a copy: it reads the post, sends it on to the children of
// its part, and acknowledges.
func (e *engine) pass(ev event) {
	p := &e.posts[ev.ref]
	me := int32(e.position(p, ev.dst))
	first, news := true, true
	if p.parts != nil {
		e.hear(ev.dst, ev.src)
		first, news = p.parts.take(me, ev.aux)
	}
	if !(ev.late && e.cfg.Groups.LateIdle) {
		if news {
			e.forward(ev.ref, int(ev.aux), ev.dst)
		}
		e.enqueue(ev.dst, item{dst: p.author, ref: ev.ref, part: ev.aux, class: ack})
	}
	if first {
		e.arrived(ev.ref)
	}
}

// forward mails a post to the children of a position of the schedule.
func (e *engine) forward(i int32, position int, from int32) {
	order := e.posts[i].order
	k := e.cfg.Groups.Fanout
	for knowing := 1; knowing < len(order); knowing *= k + 1 {
		if position >= knowing {
			continue
		}
		child := knowing + position*k
		for ; child < min(knowing+(position+1)*k, len(order)); child++ {
			if order[child] != from {
				e.mail(i, from, order[child], int32(child))
			}
		}
	}
}

// A parcel is the packets that leave a client in one bundle.
type parcel struct {
	packets [maxBundle]event
	used    int
}

// bundleHop is the mix behind which a bundle splits.
const bundleHop = 2

func (e *engine) bundleSize() int { return max(e.cfg.Groups.Bundle, 1) }

// wrap adds a packet to its client's parcel and sends that when it is full.
func (e *engine) wrap(ev event) {
	cl := &e.clients[ev.src]
	if cl.parcel == none {
		cl.parcel = e.newParcel()
	}
	p := &e.bundles[cl.parcel]
	p.packets[p.used] = ev
	p.used++
	if p.used < e.bundleSize() {
		return
	}
	out := event{src: ev.src, dst: ev.src, ref: cl.parcel, class: bundle}
	cl.parcel = none
	e.up(out)
}

func (e *engine) newParcel() int32 {
	if n := len(e.bundleFree); n > 0 {
		i := e.bundleFree[n-1]
		e.bundleFree = e.bundleFree[:n-1]
		e.bundles[i].used = 0
		return i
	}
	e.bundles = append(e.bundles, parcel{})
	return int32(len(e.bundles) - 1)
}

// unbundle sends the packets of a bundle on, each on a way of its own.
func (e *engine) unbundle(ev event) {
	p := e.bundles[ev.ref]
	e.bundleFree = append(e.bundleFree, ev.ref)
	for _, one := range p.packets[:p.used] {
		one.hop, one.node = ev.hop, ev.node
		e.cross(one)
	}
}

// unbundleAfter is unbundle for packets that fly over all hops at once.
func (e *engine) unbundleAfter(ev event, d int64) {
	p := e.bundles[ev.ref]
	e.bundleFree = append(e.bundleFree, ev.ref)
	for _, one := range p.packets[:p.used] {
		one.hop = ev.hop
		e.fly(one, d)
	}
}
