package des

import (
	"math/bits"

	"murmuration/sim/trace"
)

// box is one written box: which two providers keep it, and since when each has it.
type box struct {
	author, index int32
	post          int32
	holders       [2]int32
	stored        [2]int64 // never until it is there
}

// place is one of a client's watched boxes: the next of an author whom it reads, or a
// decoy with a life of its own.
type place struct {
	since  int64 // when its box entered the set
	until  int64 // when a decoy gives way to the next
	author int32 // none for a decoy
	index  int32
	polls  int32
}

// otherHolderEvery says which polls go to the second holder of a box.
const otherHolderEvery = 8

// initBoxes fills the watched sets: with the boxes of the other writers of one's group,
// as many as there is room for, and decoys. Clients with more authors than places let
// them take turns.
func (e *engine) initBoxes() {
	w := e.cfg.Boxes.Watched
	if w == 0 {
		return
	}
	e.streams = make([][]int32, e.cfg.Clients)
	e.places = make([]place, w*e.cfg.Clients)
	e.reading = make([]int32, e.queueLength()*2*e.cfg.Clients)
	for c := range int32(e.cfg.Clients) {
		e.fillPlaces(c)
	}
}

// authors returns how many writers a client reads, and the first of its group.
func (e *engine) authors(c int32) (n int, first int32) {
	g := &e.cfg.Groups
	if g.Count == 0 || int(c) >= g.Count*g.Size {
		return 0, 0
	}
	first = c / int32(g.Size) * int32(g.Size)
	n = or(g.Writers, g.Size)
	if int(c-first) < n {
		n--
	}
	return n, first
}

// queueLength is how many authors may wait for a place.
func (e *engine) queueLength() int {
	if e.cfg.Groups.Count == 0 {
		return 0
	}
	return max(or(e.cfg.Groups.Writers, e.cfg.Groups.Size)-e.cfg.Boxes.Watched, 0)
}

// waiting is the circle of a client's authors that have no place: author and index.
func (e *engine) waiting(c int32) []int32 {
	n := 2 * e.queueLength()
	return e.reading[int(c)*n : int(c)*n+n]
}

func (e *engine) fillPlaces(c int32) {
	n, author := e.authors(c)
	places := e.placesOf(c)
	waiting := e.waiting(c)
	for i := range len(waiting) / 2 {
		waiting[2*i] = none
	}
	for i := range max(n, len(places)) {
		if author == c {
			author++
		}
		switch {
		case i >= n:
			places[i] = place{author: none, until: e.decoyLife()}
		case i < len(places):
			places[i] = place{author: author}
		default:
			waiting[2*(i-len(places))] = author
		}
		author++
	}
}

func (e *engine) placesOf(c int32) []place {
	w := e.cfg.Boxes.Watched
	return e.places[int(c)*w : int(c)*w+w]
}

func (e *engine) decoyLife() int64 {
	return int64(e.onNet.Exp() * float64(e.cfg.Boxes.DecoyLife))
}

// poll reads one of the client's watched boxes, younger ones more often.
func (e *engine) poll(c int32) {
	i := e.drawPlace(c)
	p := &e.placesOf(c)[i]
	p.polls++
	if p.author == none {
		for p.until <= e.now {
			p.since = p.until
			p.until += 1 + e.decoyLife()
		}
		e.send(event{src: c, dst: e.otherProvider(c), ref: none, class: request})
		return
	}
	ref := e.newRecord(exchangeRecord{client: c, box: none, author: p.author, index: p.index, place: int32(i)})
	ev := event{
		src: c, dst: e.holder(c, p.author, p.index, p.polls%otherHolderEvery == 0),
		ref: ref, class: request,
	}
	e.stamp(&ev)
	e.send(ev)
}

// drawPlace draws a place with weight 1/(1+age/scale), the same for everybody.
func (e *engine) drawPlace(c int32) int {
	var sums [maxPlaces]float64
	scale, most := float64(e.cfg.Boxes.AgeScale), float64(e.cfg.Boxes.AgeCap)
	places := e.placesOf(c)
	sum := 0.0
	for i := range places {
		age := min(float64(e.now-places[i].since), most)
		sum += 1 / (1 + age/scale)
		sums[i] = sum
	}
	x := e.onSlot.Float64() * sum
	for i := range places {
		if x < sums[i] {
			return i
		}
	}
	return len(places) - 1
}

// holders draws the two providers of a box from its name.
func (e *engine) holders(author, index int32) (a, b int32) {
	n := uint64(e.cfg.Providers)
	hi, lo := bits.Mul64(uint64(author)<<32^uint64(index)^0x9E3779B97F4A7C15, 0xD1342543DE82EF95)
	h := (hi ^ lo) * 0xBF58476D1CE4E5B9
	h ^= h >> 29
	first := h % n
	return int32(first), int32((first + 1 + (h>>32)%(n-1)) % n)
}

// holder is the provider that a client asks for a box: never its own.
func (e *engine) holder(c, author, index int32, other bool) int32 {
	a, b := e.holders(author, index)
	if other {
		a, b = b, a
	}
	if a == e.home(c) {
		return b
	}
	return a
}

// publishBox puts the writing of a post's box into its author's outbox.
func (e *engine) publishBox(i int32) {
	author := e.posts[i].author
	e.labelReaders(&e.posts[i])
	b := box{author: author, index: int32(len(e.streams[author])), post: i, stored: [2]int64{never, never}}
	b.holders[0], b.holders[1] = e.holders(author, b.index)
	id := int32(len(e.boxes))
	e.boxes = append(e.boxes, b)
	e.streams[author] = append(e.streams[author], id)
	ref := e.newRecord(exchangeRecord{client: author, box: id, author: none})
	e.enqueue(author, item{dst: e.holder(author, author, b.index, false), ref: ref, class: request})
}

// labelReaders notes for scorers whom a post is for.
func (e *engine) labelReaders(p *post) {
	if !e.cfg.Labels {
		return
	}
	size := int32(e.cfg.Groups.Size)
	for to := p.group * size; to < (p.group+1)*size; to++ {
		if to != p.author {
			e.labels.Sent = append(e.labels.Sent, trace.Sent{At: e.now, From: p.author, To: to})
		}
	}
}

// store keeps a box at a provider, and sends it to the other holder.
func (e *engine) store(id, provider int32) {
	b := &e.boxes[id]
	for k := range b.holders {
		if b.holders[k] == provider && b.stored[k] == never {
			b.stored[k] = e.now
			e.later(int64(e.cfg.Boxes.Replicate), event{ref: id, aux: int32(1 - k), kind: copied})
		}
	}
}

// read answers a poll: the reply carries the box in place of its provider.
func (e *engine) read(ev *event, r *exchangeRecord) {
	provider := ev.dst
	ev.dst = none
	stream := e.streams[r.author]
	if int(r.index) >= len(stream) {
		return
	}
	b := &e.boxes[stream[r.index]]
	for k := range b.holders {
		if b.holders[k] == provider && b.stored[k] <= e.now {
			ev.dst = stream[r.index]
		}
	}
}

// polled is the answer to a poll: box, or none.
func (e *engine) polled(r *exchangeRecord, found int32) {
	p := &e.placesOf(r.client)[r.place]
	if p.author != r.author || p.index != r.index {
		return // another poll found it before
	}
	if found != none {
		b := &e.boxes[found]
		e.m.pollWait.add(float64(e.now-min(b.stored[0], b.stored[1])) / 1e9)
		e.arrived(b.post)
		p.index++
		p.since = e.now
	}
	e.takeTurns(r.client, p)
}

// takeTurns gives a place to the author who has waited longest. A writer has one author
// less than a reader, so the circle may have a gap.
func (e *engine) takeTurns(c int32, p *place) {
	waiting := e.waiting(c)
	turn := &e.clients[c].turn
	for range len(waiting) / 2 {
		next := waiting[2**turn:]
		*turn = (*turn + 1) % int32(len(waiting)/2)
		if next[0] != none {
			next[0], p.author = p.author, next[0]
			next[1], p.index = p.index, next[1]
			p.since = e.now
			return
		}
	}
}
