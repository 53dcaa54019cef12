package des

// groups are who belongs together, and how posts spread among them: from the author to each
// (unicast), in a box that all poll, or as
//
// Rollercoaster (Hugenroth, Kleppmann, Beresford, USENIX Security 2021): whoever has a
// post sends it on. The recipients stand in a random order behind the author; in round t
// the first (k+1)^t have the post, and each sends it to k of the next. Each recipient
// acknowledges to the author after having put its own copies into the outbox.
type groups struct {
	e       *engine
	members []int32 // of all groups
}

// publish posts to a group.
func (g *groups) publish(group int32) {
	members := g.membersOf(group)
	author := members[g.writer()]
	if g.e.clients.offline.has(author) {
		return
	}
	for range max(g.e.cfg.Groups.Burst, 1) {
		i := g.e.posts.add(post{author: author, group: group, left: int32(len(members) - 1)})
		switch g.e.cfg.Groups.Strategy {
		case Unicast:
			g.unicast(i, members)
		case Rollercoaster:
			g.e.posts.all[i].acks = int32(len(members) - 1)
			g.schedule(i, members)
			if g.e.cfg.Groups.Timeout > 0 {
				g.e.posts.all[i].parts = newParts(len(members))
			}
			g.forward(i, 0, author)
		case PublishOnce:
			g.e.publish(i)
		}
	}
}

// publish writes a post's boxes.
func (e *engine) publish(i int32) {
	if e.cfg.Bulletins.Every > 0 {
		e.runs.post(i)
		return
	}
	e.boxes.publish(i)
}

// membersOf returns a group's members in a fixed order.
func (g *groups) membersOf(group int32) []int32 {
	size := g.e.cfg.Groups.Size
	return g.members[int(group)*size : int(group+1)*size]
}

// deal gives each client to one group in order, or, if there are not enough of them,
// draws each group from all.
func (g *groups) deal() {
	c := &g.e.cfg.Groups
	g.members = make([]int32, c.Count*c.Size)
	if len(g.members) <= g.e.cfg.Clients {
		for i := range g.members {
			g.members[i] = int32(i)
		}
		return
	}
	all := make([]int32, g.e.cfg.Clients)
	for i := range all {
		all[i] = int32(i)
	}
	for k := range c.Count {
		g.e.work.rng.Shuffle(len(all), func(a, b int) { all[a], all[b] = all[b], all[a] })
		copy(g.members[k*c.Size:], all[:c.Size])
	}
}

// writer draws which member of a group posts.
func (g *groups) writer() int32 {
	c := &g.e.cfg.Groups
	writers := or(c.Writers, c.Size)
	heavy := int(c.Heavy * float64(writers))
	weight := float64(heavy) * c.HeavyWeight
	x := g.e.work.rng.Float64() * (weight + float64(writers-heavy))
	if x < weight {
		return int32(x / c.HeavyWeight)
	}
	return int32(min(heavy+int(x-weight), writers-1))
}

func (g *groups) unicast(i int32, members []int32) {
	author := g.e.posts.all[i].author
	for _, to := range members {
		if to != author {
			g.e.posts.mail(i, author, to, 0)
		}
	}
}

// deliver gives a post to one recipient.
func (g *groups) deliver(ev event) {
	if g.e.posts.all[ev.Ref].group != none && g.e.cfg.Groups.Strategy == Rollercoaster {
		g.pass(ev)
		return
	}
	g.e.posts.arrived(ev.Ref)
}

// acked counts an acknowledgement.
func (g *groups) acked(ev event) {
	p := &g.e.posts.all[ev.Ref]
	p.acks--
	if p.parts != nil {
		g.e.recovery.hear(ev.Dst, ev.Src)
		p.parts.acked(ev.Aux, ev.Src)
	}
	g.e.posts.release(ev.Ref)
}

// schedule draws the order of a post's recipients.
func (g *groups) schedule(i int32, members []int32) {
	p := &g.e.posts.all[i]
	p.order = append(p.order[:0], p.author)
	for _, c := range members {
		if c != p.author {
			p.order = append(p.order, c)
		}
	}
	rest := p.order[1:]
	g.e.work.rng.Shuffle(len(rest), func(a, b int) { rest[a], rest[b] = rest[b], rest[a] })
}

func (g *groups) position(p *post, c int32) int {
	for i, x := range p.order {
		if x == c {
			return i
		}
	}
	panic("des: a post reached a client outside its group")
}

// pass is what a member does with a copy: it reads the post, sends it on to the children of
// its part, and acknowledges.
func (g *groups) pass(ev event) {
	p := &g.e.posts.all[ev.Ref]
	me := int32(g.position(p, ev.Dst))
	first, news := true, true
	if p.parts != nil {
		g.e.recovery.hear(ev.Dst, ev.Src)
		first, news = p.parts.take(me, ev.Aux)
	}
	if !(ev.Late && g.e.cfg.Groups.LateIdle) {
		if news {
			g.forward(ev.Ref, int(ev.Aux), ev.Dst)
		}
		g.e.outboxes.put(ev.Dst, item{dst: p.author, ref: ev.Ref, part: ev.Aux, class: ack})
	}
	if first {
		g.e.posts.arrived(ev.Ref)
	}
}

// forward mails a post to the children of a position of the schedule.
func (g *groups) forward(i int32, position int, from int32) {
	order := g.e.posts.all[i].order
	k := g.e.cfg.Groups.Fanout
	for knowing := 1; knowing < len(order); knowing *= k + 1 {
		if position >= knowing {
			continue
		}
		child := knowing + position*k
		for ; child < min(knowing+(position+1)*k, len(order)); child++ {
			if order[child] != from {
				g.e.posts.mail(i, from, order[child], int32(child))
			}
		}
	}
}

// post is a message of a workload on its way to its recipients.
type post struct {
	at       int64
	author   int32
	group    int32 // none for a message to one
	left     int32 // deliveries still to come
	acks     int32 // acknowledgements still to come, or readers without the whole photo
	more     int32 // boxes of its photo
	measured bool
	serial   int64   // of all posts of the run
	order    []int32 // Rollercoaster's schedule: author first, then the recipients
	parts    *parts  // with Groups.Timeout
}

// posts are the messages of all workloads on their way.
type posts struct {
	e         *engine
	all       []post
	free      []int32
	published int64
}

// add takes a free post, keeping the memory of its schedule.
func (l *posts) add(p post) int32 {
	var i int32
	if n := len(l.free); n > 0 {
		i = l.free[n-1]
		l.free = l.free[:n-1]
		p.order = l.all[i].order[:0]
	} else {
		i = int32(len(l.all))
		l.all = append(l.all, post{})
	}
	p.at, p.measured, p.serial = l.e.now, l.e.measuring(), l.published
	l.published++
	if p.measured {
		l.e.left += int(p.left)
		l.e.m.count.wanted += int(p.left)
	}
	l.all[i] = p
	return i
}

// mail puts one copy of a post into a client's outbox, with the part in its schedule that
// the recipient is to take.
func (l *posts) mail(i, from, to, part int32) {
	l.e.tap.sent(from, to)
	l.e.outboxes.put(from, item{dst: to, ref: i, part: part, class: message})
}

// arrived counts a delivery.
func (l *posts) arrived(i int32) {
	p := &l.all[i]
	p.left--
	if p.measured {
		l.e.left--
		l.e.m.latency.add(float64(l.e.now-p.at) / 1e9)
	}
	l.release(i)
}

// expectParts lets a post have so many boxes more, its photo, which each reader gets one by one.
func (l *posts) expectParts(i int32, boxes int) {
	p := &l.all[i]
	p.acks, p.more = p.left, int32(boxes)
	p.order = append(p.order[:0], make([]int32, l.e.cfg.Groups.Size)...)
	if p.measured {
		l.e.left += int(p.left)
	}
}

// gotPart counts one box of a photo at one reader.
func (l *posts) gotPart(i, reader int32) {
	p := &l.all[i]
	got := &p.order[int(reader)%l.e.cfg.Groups.Size]
	*got++
	if *got < p.more {
		return
	}
	p.acks--
	if p.measured {
		l.e.left--
		l.e.m.photo.add(float64(l.e.now-p.at) / 1e9)
	}
	l.release(i)
}

// release frees a post that nobody waits for. One that lost a packet is never freed, nor one
// of which copies may still come after all have it.
func (l *posts) release(i int32) {
	if p := &l.all[i]; p.left == 0 && p.acks == 0 && p.parts == nil {
		l.free = append(l.free, i)
	}
}
