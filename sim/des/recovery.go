package des

import "slices"

// parts is what the author of a post remembers of a fault-tolerant Rollercoaster, by
// position in its schedule: who is acting for it and until when an acknowledgement should
// have come. For the members it keeps which parts they took.
type parts struct {
	due    []int64 // never if nothing is awaited
	acting []int32
	taken  []uint64 // bit member*n+part
	got    []bool   // the member has read the post
}

func newParts(n int) *parts {
	p := &parts{
		due: slices.Repeat([]int64{never}, n), acting: make([]int32, n),
		taken: make([]uint64, (n*n+63)/64), got: make([]bool, n),
	}
	p.got[0] = true // the author
	return p
}

// take notes that a member takes a part. It returns whether the post is new to the member,
// and whether the part is.
func (p *parts) take(member, part int32) (first, news bool) {
	bit := int(member)*len(p.got) + int(part)
	news = p.taken[bit/64]&(1<<(bit%64)) == 0
	p.taken[bit/64] |= 1 << (bit % 64)
	first = !p.got[member]
	p.got[member] = true
	return first, news
}

func (p *parts) acked(part, by int32) {
	if p.acting[part] == by {
		p.due[part] = never
	}
}

// recovery hands the parts of absent members to others (Rollercoaster with Groups.Timeout).
type recovery struct {
	e     *engine
	heard [][]int32 // from whom each client heard, the last at the end
}

func (r *recovery) init(e *engine) {
	r.e = e
	if e.cfg.Groups.Timeout > 0 {
		r.heard = make([][]int32, e.cfg.Clients)
	}
}

// parent is the position that sends the post to another.
func (r *recovery) parent(position int) int {
	k := r.e.cfg.Groups.Fanout
	knowing := 1
	for knowing*(k+1) <= position {
		knowing *= k + 1
	}
	return (position - knowing) / k
}

// under lists the positions that get the post through one, directly or not.
func (r *recovery) under(position, n int) []int {
	var out []int
	for q := position + 1; q < n; q++ {
		up := q
		for up > position {
			up = r.parent(up)
		}
		if up == position {
			out = append(out, q)
		}
	}
	return out
}

// children counts the positions that get the post directly from one.
func (r *recovery) children(position, n int) int {
	k, count := r.e.cfg.Groups.Fanout, 0
	for knowing := 1; knowing < n; knowing *= k + 1 {
		if position < knowing {
			count += max(0, min(k, n-knowing-position*k))
		}
	}
	return count
}

// expected is the time from sending the post to the member at root until the
// acknowledgement of the one at last is back, as the paper's artefact estimates it: twice
// the mean delay for each message, and a payload slot for each packet in a queue.
func (r *recovery) expected(root, last, n int) int64 {
	hops := float64(r.e.cfg.Layers + 1)
	way := 2 * hops * float64(r.e.cfg.MeanHop)
	slot := float64(r.e.cfg.PayloadEvery) / float64(r.e.cfg.bundleSize())
	total := way
	for {
		total += way + slot*float64(1+r.children(last, n))
		if last == root {
			return int64(total * r.e.cfg.Groups.Timeout)
		}
		last = r.parent(last)
	}
}

// expectAcks sets the timers of the part that an author has just sent to a member, and of
// all that follow from it.
func (r *recovery) expectAcks(ev *event) {
	p := &r.e.posts.all[ev.Ref]
	if p.parts == nil || ev.Src != p.author {
		return
	}
	n := len(p.order)
	r.await(ev.Ref, ev.Aux, ev.Dst, r.expected(int(ev.Aux), int(ev.Aux), n))
	for _, q := range r.under(int(ev.Aux), n) {
		r.await(ev.Ref, int32(q), p.order[q], r.expected(int(ev.Aux), q, n))
	}
}

func (r *recovery) await(i, part, acting int32, d int64) {
	p := r.e.posts.all[i].parts
	p.due[part], p.acting[part] = r.e.now+d, acting
	r.e.later(d, event{Ref: i, Aux: part, Kind: partDue})
}

// handOver gives a part that was not acknowledged in time to somebody else: the member
// from whom the author heard last, or the next in the schedule. Who stands at a leaf needs no
// help: the copy waits in a spool.
func (r *recovery) handOver(ev event) {
	p := &r.e.posts.all[ev.Ref]
	if p.parts.due[ev.Aux] != r.e.now {
		return // acknowledged, or set anew
	}
	if r.e.clients.offline.has(p.author) {
		p.parts.due[ev.Aux] += 1e9
		r.e.later(1e9, ev)
		return
	}
	p.parts.due[ev.Aux] = never
	failed := p.parts.acting[ev.Aux]
	r.forget(p.author, failed)
	under := r.under(int(ev.Aux), len(p.order))
	if len(under) == 0 {
		return
	}
	for _, q := range under {
		p.parts.due[q] = never
	}
	next := r.helper(p, failed)
	if next == p.author {
		r.e.groups.forward(ev.Ref, int(ev.Aux), p.author)
		return
	}
	r.e.posts.mail(ev.Ref, p.author, next, ev.Aux)
}

// helper is who is to take over from a member that failed.
func (r *recovery) helper(p *post, failed int32) int32 {
	heard := r.heard[p.author]
	for len(heard) > 0 {
		last := heard[len(heard)-1]
		heard = heard[:len(heard)-1]
		r.heard[p.author] = heard
		if slices.Contains(p.order, last) {
			return last
		}
	}
	return p.order[(r.e.groups.position(p, failed)+1)%len(p.order)]
}

// hear notes that a client has heard from another just now; forget, that it should not count on it.
func (r *recovery) hear(c, from int32) {
	r.forget(c, from)
	r.heard[c] = append(r.heard[c], from)
}

func (r *recovery) forget(c, whom int32) {
	r.heard[c] = slices.DeleteFunc(r.heard[c], func(x int32) bool { return x == whom })
}
