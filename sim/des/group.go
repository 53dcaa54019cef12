package des

import "murmuration/sim/trace"

// post is a message of a workload on its way to its recipients.
type post struct {
	at       int64
	author   int32
	group    int32 // none for a message to one
	left     int32 // deliveries still to come
	acks     int32 // acknowledgements still to come
	measured bool
	serial   int64   // of all posts of the run
	order    []int32 // Rollercoaster's schedule: author first, then the recipients
	parts    *parts  // with Groups.Timeout
}

func span(c int32, from, to int64) trace.Span { return trace.Span{Client: c, From: from, To: to} }

// newPost takes a free post, keeping the memory of its schedule.
func (e *engine) newPost(p post) int32 {
	var i int32
	if n := len(e.postFree); n > 0 {
		i = e.postFree[n-1]
		e.postFree = e.postFree[:n-1]
		p.order = e.posts[i].order[:0]
	} else {
		i = int32(len(e.posts))
		e.posts = append(e.posts, post{})
	}
	p.at, p.measured, p.serial = e.now, e.measuring(), e.published
	e.published++
	if p.measured {
		e.left += int(p.left)
		e.m.count.wanted += int(p.left)
	}
	e.posts[i] = p
	return i
}

// publish posts to a group.
func (e *engine) publish(g int32) {
	members := e.membersOf(g)
	author := members[e.writer()]
	if e.offline.has(author) {
		return
	}
	for range max(e.cfg.Groups.Burst, 1) {
		i := e.newPost(post{author: author, group: g, left: int32(len(members) - 1)})
		switch e.cfg.Groups.Strategy {
		case Unicast:
			e.unicast(i, members)
		case Rollercoaster:
			e.posts[i].acks = int32(len(members) - 1)
			e.schedule(i, members)
			if e.cfg.Groups.Timeout > 0 {
				e.posts[i].parts = newParts(len(members))
			}
			e.forward(i, 0, author)
		case PublishOnce:
			e.publishBox(i)
		}
	}
}

// membersOf returns a group's members in a fixed order.
func (e *engine) membersOf(g int32) []int32 {
	size := e.cfg.Groups.Size
	return e.members[int(g)*size : int(g+1)*size]
}

// dealGroups gives each client to one group in order, or, if there are not enough of them,
// draws each group from all.
func (e *engine) dealGroups() {
	g := &e.cfg.Groups
	e.members = make([]int32, g.Count*g.Size)
	if g.Timeout > 0 {
		e.heard = make([][]int32, e.cfg.Clients)
	}
	if len(e.members) <= e.cfg.Clients {
		for i := range e.members {
			e.members[i] = int32(i)
		}
		return
	}
	all := make([]int32, e.cfg.Clients)
	for i := range all {
		all[i] = int32(i)
	}
	for k := range g.Count {
		e.onWork.Shuffle(len(all), func(a, b int) { all[a], all[b] = all[b], all[a] })
		copy(e.members[k*g.Size:], all[:g.Size])
	}
}

// writer draws which member of a group posts.
func (e *engine) writer() int32 {
	g := &e.cfg.Groups
	writers := or(g.Writers, g.Size)
	heavy := int(g.Heavy * float64(writers))
	weight := float64(heavy) * g.HeavyWeight
	x := e.onWork.Float64() * (weight + float64(writers-heavy))
	if x < weight {
		return int32(x / g.HeavyWeight)
	}
	return int32(min(heavy+int(x-weight), writers-1))
}

func (e *engine) unicast(i int32, members []int32) {
	author := e.posts[i].author
	for _, to := range members {
		if to != author {
			e.mail(i, author, to, 0)
		}
	}
}

// mail puts one copy of a post into a client's outbox, with the part in its schedule that
// the recipient is to take.
func (e *engine) mail(i, from, to, part int32) {
	if e.cfg.Labels {
		e.labels.Sent = append(e.labels.Sent, trace.Sent{At: e.now, From: from, To: to})
	}
	e.enqueue(from, item{dst: to, ref: i, part: part, class: message})
}

// deliver gives a post to one recipient.
func (e *engine) deliver(ev event) {
	if e.posts[ev.ref].group != none && e.cfg.Groups.Strategy == Rollercoaster {
		e.pass(ev)
		return
	}
	e.arrived(ev.ref)
}

// arrived counts a delivery.
func (e *engine) arrived(i int32) {
	p := &e.posts[i]
	p.left--
	if p.measured {
		e.left--
		e.m.latency.add(float64(e.now-p.at) / 1e9)
	}
	e.release(i)
}

// acked counts an acknowledgement.
func (e *engine) acked(ev event) {
	p := &e.posts[ev.ref]
	p.acks--
	if p.parts != nil {
		e.hear(ev.dst, ev.src)
		p.parts.acked(ev.aux, ev.src)
	}
	e.release(ev.ref)
}

// release frees a post that nobody waits for. One that lost a packet is never freed, nor one
// of which copies may still come after all have it.
func (e *engine) release(i int32) {
	if p := &e.posts[i]; p.left == 0 && p.acks == 0 && p.parts == nil {
		e.postFree = append(e.postFree, i)
	}
}
