package des

import (
	"math"

	"murmuration/internal/protocol"
	"murmuration/sim/stat"
)

// readers are clients as readers of bulletins: how far each has read, and which boxes there are of
// authors whom it follows.
type readers struct {
	e      *engine
	rng    *stat.Rand
	states []reader
	items  []news // arena of all lists
	free   int32
	kept   map[int32]int32     // pairs that are kept from a client
	parts  map[photoOf][]int32 // pairs of photos whose post a reader has not read yet
}

// photoOf is the photo of a post, for one of its readers, who has read the post or not.
type photoOf struct {
	post   int64
	reader int32
	read   bool
}

// reader is one client.
type reader struct {
	next   int32 // slot that it reads next
	part   int32 // bytes of it that it has
	news   ends  // boxes to be read, which its bulletins have not told yet
	missed ends  // the same, of slots when it was away
	from   int32 // first of the missed slots
	to     int32 // and the first after them; equal if none is missed
	rolls  int64 // bytes of the missed rolls still to come
	since  int64 // when it came back last

	roll  int32 // in which it counts what it read itself
	reads [2]uint16
}

// news is a pair that somebody will read.
type news struct{ pair, next int32 }

// shortAbsence is how many slots somebody may be away and read on as if nothing had happened.
const shortAbsence = 8

func (r *readers) init(e *engine) {
	r.e, r.free = e, none
	if e.cfg.Bulletins.Every == 0 {
		return
	}
	r.rng = e.random("des coins")
	r.states = make([]reader, e.cfg.Clients)
	for i := range r.states {
		r.states[i].news, r.states[i].missed = ends{none, none}, ends{none, none}
	}
}

// tell notes a pair for those who will read it.
func (r *readers) tell(pair int32) {
	b := &r.e.boxes.all[r.e.board.pairs[pair]]
	if b.bait {
		for _, c := range r.e.groups.membersOf(b.author / int32(r.e.cfg.Groups.Size)) {
			r.put(&r.states[c].news, pair)
		}
		return
	}
	if b.post == none {
		return
	}
	target := r.target(pair, b)
	for _, c := range r.e.groups.membersOf(r.e.posts.all[b.post].group) {
		switch {
		case c == b.author || c == target:
		case b.part > 0 && r.unknown(b.post, c):
			at := photoOf{r.e.posts.all[b.post].serial, c, false}
			r.parts[at] = append(r.parts[at], pair)
		default:
			r.put(&r.states[c].news, pair)
		}
	}
}

func (r *readers) put(list *ends, pair int32) {
	i := r.free
	if i == none {
		i = int32(len(r.items))
		r.items = append(r.items, news{})
	} else {
		r.free = r.items[i].next
	}
	r.items[i] = news{pair, none}
	if list.first == none {
		list.first = i
	} else {
		r.items[list.last].next = i
	}
	list.last = i
}

// take takes the first of a list, if it is before a pair.
func (r *readers) take(list *ends, before int32) (pair int32, ok bool) {
	i := list.first
	if i == none || r.items[i].pair >= before {
		return 0, false
	}
	pair = r.items[i].pair
	list.first = r.items[i].next
	r.items[i].next, r.free = r.free, i
	return pair, true
}

// frame is a frame down to a client, which carries bulletins in what a reply leaves of it.
func (r *readers) frame(c int32, reply bool) {
	if r.states == nil {
		return
	}
	cfg := &r.e.cfg
	free := int32(cfg.PacketSize - protocol.ExchangeOverhead)
	if reply {
		free -= int32(cfg.Bulletins.ReplyBody)
	}
	r.e.m.count.streamFree += int(free)
	s := &r.states[c]
	slots := r.e.board.slots
	for int(s.next) < len(slots) {
		need := slots[s.next].bytes - s.part
		if need > free {
			s.part += free
			r.e.m.count.streamLive += int(free)
			return
		}
		r.e.m.count.streamLive += int(need)
		free, s.part = free-need, 0
		s.next++
		r.read(c, s.next-1)
	}
	if s.from < s.to {
		r.hearRolls(c, free)
	}
}

// read is a client that has the bulletins of a slot: it fetches what it follows, and of the rest
// what its coins say.
func (r *readers) read(c, slot int32) {
	s := &r.states[c]
	from, until := r.e.board.until(slot-1), r.e.board.until(slot)
	if from == until {
		return
	}
	r.turn(s)
	q := r.e.board.load(r.work(s))
	if r.e.without(CrowdRule) {
		q = 0
	}
	for i := r.skip(from, q); i < until; i = r.skip(i+1, q) {
		if !r.follows(c, i) && !r.exempt(c, i) {
			r.e.m.count.crowd++
			r.e.fetches.live(c, r.e.board.pairs[i], false)
		}
	}
	for pair, ok := r.take(&s.news, until); ok; pair, ok = r.take(&s.news, until) {
		s.reads[0]++
		r.e.fetches.live(c, r.e.board.pairs[pair], true)
	}
}

// skip is the first pair from one on for which a coin of probability q falls.
func (r *readers) skip(from int32, q float64) int32 {
	if q >= 1 {
		return from
	}
	if q <= 0 {
		return math.MaxInt32
	}
	n := r.rng.Exp() / -math.Log1p(-q)
	return int32(min(float64(from)+math.Floor(n), math.MaxInt32))
}

// follows reports whether a client is a reader of a pair's box.
func (r *readers) follows(c, pair int32) bool {
	return r.reads(c, r.e.board.pairs[pair])
}

func (r *readers) reads(c, box int32) bool {
	b := &r.e.boxes.all[box]
	if !b.bait && (b.post == none || b.author == c) {
		return false
	}
	size := int32(r.e.cfg.Groups.Size)
	return b.author/size == c/size
}

// lacks reports whether a client would read a box if it came now.
func (r *readers) lacks(c, box int32) bool {
	b := &r.e.boxes.all[box]
	if b.bait || !r.reads(c, box) || !r.e.boxes.lacks(box, c) {
		return false
	}
	return b.part == 0 || !r.unknown(b.post, c)
}

// turn counts anew when a roll is whole.
func (r *readers) turn(s *reader) {
	now := int32(len(r.e.board.rolls))
	switch now - s.roll {
	case 0:
		return
	case 1:
		s.reads = [2]uint16{0, s.reads[0]}
	default:
		s.reads = [2]uint16{}
	}
	s.roll = now
}

// work is how many work slots a second a client has beside what it read itself in the last roll.
func (r *readers) work(s *reader) float64 {
	seconds := float64(protocol.RollSlots) * float64(r.e.board.every) / 1e9
	return max(0, r.e.cfg.workRate()-float64(s.reads[1])/seconds)
}

// comeBack is a client that was away: what it missed comes in rolls, after what is new.
func (r *readers) comeBack(c int32) {
	if r.states == nil {
		return
	}
	s := &r.states[c]
	s.since = r.e.now
	end := int32(len(r.e.board.slots))
	if end-s.next <= shortAbsence {
		return
	}
	if s.from == s.to {
		s.from = s.next
	}
	s.to, s.next, s.part = end, end, 0
	s.rolls = int64(protocol.RollBytes(r.e.cfg.Providers, int(s.to-s.from),
		2*int(r.e.board.until(s.to-1)-r.e.board.until(s.from-1))))
	for pair, ok := r.take(&s.news, math.MaxInt32); ok; pair, ok = r.take(&s.news, math.MaxInt32) {
		r.put(&s.missed, pair)
	}
	r.e.fetches.interrupted(c)
}

// hearRolls takes the rolls that a client has missed from the rest of a frame.
func (r *readers) hearRolls(c int32, free int32) {
	s := &r.states[c]
	r.e.m.count.streamRolls += int(min(s.rolls, int64(free)))
	s.rolls -= int64(free)
	if s.rolls <= 0 {
		r.e.m.rolls.add(float64(r.e.now-s.since) / 1e9)
		r.catchUp(c)
	}
}

// catchUp fetches what was missed, in a window: what the client follows, and of the rest as much as
// a share of its work slots allows.
func (r *readers) catchUp(c int32) {
	s := &r.states[c]
	from, until := r.e.board.until(s.from-1), r.e.board.until(s.to-1)
	s.from = s.to
	window := float64(r.e.cfg.Bulletins.CatchUp)
	room := catchUpShare * r.e.cfg.workRate() * window / 1e9
	own := 0
	if r.e.without(MissedRule) {
		r.fetchMissed(c)
		return
	}
	for pair, ok := r.take(&s.missed, math.MaxInt32); ok; pair, ok = r.take(&s.missed,
		math.MaxInt32) {
		own++
		r.e.fetches.missedOne(c, r.e.board.pairs[pair], true)
	}
	window *= max(1, float64(own)/room)
	q := min(1, max(0, (room-float64(own))/max(1, float64(until-from))))
	for i := r.skip(from, q); i < until; i = r.skip(i+1, q) {
		if !r.follows(c, i) {
			r.e.fetches.missedOne(c, r.e.board.pairs[i], false)
		}
	}
	r.e.fetches.spread(c, window)
}

// catchUpShare is the share of a client's work slots that catching up may take.
const catchUpShare = 0.35

// fetched is the answer to a fetch. Readers read it; the crowd throws it away.
func (r *readers) fetched(a *awaited) {
	if !a.reads || !r.e.boxes.take(a.box, a.client) {
		return
	}
	b := &r.e.boxes.all[a.box]
	p := &r.e.posts.all[b.post]
	s := &r.states[a.client]
	if b.part > 0 {
		r.e.posts.gotPart(b.post, a.client)
		return
	}
	if p.measured {
		r.e.m.readAt(r.e, p, b, a)
	}
	if p.measured && s.since <= p.at && r.states[p.author].since <= p.at {
		r.e.m.fresh.add(float64(r.e.now-p.at) / 1e9)
	} else if p.measured && s.since > p.at {
		r.e.m.missed.add(float64(r.e.now-s.since) / 1e9)
	}
	r.recognise(b.post, a.client)
	r.e.posts.arrived(b.post)
}
