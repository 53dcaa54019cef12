package des

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

// release frees a post that nobody waits for. One that lost a packet is never freed, nor one
// of which copies may still come after all have it.
func (l *posts) release(i int32) {
	if p := &l.all[i]; p.left == 0 && p.acks == 0 && p.parts == nil {
		l.free = append(l.free, i)
	}
}
