package des

import "math/bits"

// box is one written box: which two providers keep it, and since when each has it.
type box struct {
	author, index int32
	post          int32
	holders       [2]int32
	stored        [2]int64 // never until it is there
	held          int64    // until when holders do not list it
	slot          int32    // in which the second of them listed it
	got           int32    // where it is noted which of its readers have it; none for cover
	part          uint8    // of a post's boxes, from zero
	listed        uint8    // by how many
	late          bool     // beyond what of a stream and day is fetched live
	bait          bool     // nobody wrote it
	forked        bool     // it was shown to one client alone
}

// boxes are all that were written, at their holders.
type boxes struct {
	e       *engine
	all     []box
	streams [][]int32 // boxes of each author
	got     []uint64  // bits of readers, for each box of a post
}

// expect lets a box of a post be read.
func (b *boxes) expect(id int32) {
	if b.all[id].got = none; b.all[id].post != none {
		b.all[id].got = int32(len(b.got))
		b.got = append(b.got, make([]uint64, (b.e.cfg.Groups.Size+63)/64)...)
	}
}

// lacks reports whether a reader does not have a box yet.
func (b *boxes) lacks(id, reader int32) bool {
	word, bit := b.reader(id, reader)
	return *word&bit == 0
}

// take notes that a reader has a box, and reports whether that is news.
func (b *boxes) take(id, reader int32) (news bool) {
	word, bit := b.reader(id, reader)
	news = *word&bit == 0
	*word |= bit
	return news
}

func (b *boxes) reader(id, reader int32) (word *uint64, bit uint64) {
	i := int(reader) % b.e.cfg.Groups.Size
	return &b.got[int(b.all[id].got)+i/64], 1 << (i % 64)
}

// first is since when the first of the holders has a box.
func (b *box) first() int64 { return min(b.stored[0], b.stored[1]) }

func (b *boxes) init(e *engine) {
	b.e = e
	if e.cfg.Boxes.Watched > 0 {
		b.streams = make([][]int32, e.cfg.Clients)
	}
}

// holders draws the two providers of a box from its name.
func (b *boxes) holders(author, index int32) (first, second int32) {
	n := uint64(b.e.cfg.Providers)
	hi, lo := bits.Mul64(uint64(author)<<32^uint64(index)^0x9E3779B97F4A7C15, 0xD1342543DE82EF95)
	h := (hi ^ lo) * 0xBF58476D1CE4E5B9
	h ^= h >> 29
	one := h % n
	return int32(one), int32((one + 1 + (h>>32)%(n-1)) % n)
}

// holder is the provider that a client asks for a box: never its own.
func (b *boxes) holder(c, author, index int32, other bool) int32 {
	first, second := b.holders(author, index)
	if other {
		first, second = second, first
	}
	if first == b.e.cfg.home(c) {
		return second
	}
	return first
}

// publish puts the writing of a post's box into its author's outbox.
func (b *boxes) publish(i int32) {
	e := b.e
	author := e.posts.all[i].author
	b.labelReaders(&e.posts.all[i])
	one := box{
		author: author, index: int32(len(b.streams[author])), post: i,
		stored: [2]int64{never, never},
	}
	one.holders[0], one.holders[1] = b.holders(author, one.index)
	id := int32(len(b.all))
	b.all = append(b.all, one)
	b.streams[author] = append(b.streams[author], id)
	ref := e.requests.add(awaited{client: author, use: write, box: id, run: none})
	e.outboxes.put(author,
		item{dst: b.holder(author, author, one.index, false), ref: ref, class: request})
}

// labelReaders notes for scorers whom a post is for.
func (b *boxes) labelReaders(p *post) {
	size := int32(b.e.cfg.Groups.Size)
	for to := p.group * size; to < (p.group+1)*size; to++ {
		if to != p.author {
			b.e.tap.sent(p.author, to)
		}
	}
}

// store keeps a box at a provider, and sends it to the other holder.
func (b *boxes) store(id, provider int32) {
	one := &b.all[id]
	for k := range one.holders {
		if one.holders[k] == provider && one.stored[k] == never {
			b.e.board.keep(id, k)
			one.stored[k] = b.e.now
			b.e.later(int64(b.e.cfg.Boxes.Replicate),
				event{Ref: id, Aux: int32(1 - k), Kind: copied})
		}
	}
}

// read answers a poll: the reply carries the box in place of its provider.
func (b *boxes) read(ev *event, r *awaited) {
	provider := ev.Dst
	ev.Dst = none
	stream := b.streams[r.author]
	if int(r.index) >= len(stream) {
		return
	}
	one := &b.all[stream[r.index]]
	for k := range one.holders {
		if one.holders[k] == provider && one.stored[k] <= b.e.now {
			ev.Dst = stream[r.index]
		}
	}
}

// askedOf is the provider that an author asks to keep a box: the other holder every other time.
func (b *boxes) askedOf(author, id int32, other bool) int32 {
	return b.holder(author, b.all[id].author, b.all[id].index, other)
}

// copied is the arrival of a box at a holder, from the other.
func (b *boxes) copied(id, holder int32) {
	one := &b.all[id]
	if one.stored[holder] == never {
		b.e.board.keep(id, int(holder))
		one.stored[holder] = b.e.now
	}
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

// watched are the places in which each client polls.
type watched struct {
	e       *engine
	places  []place
	reading []int32
	turns   []int32 // of each client's authors without a place, the next to get one
}

// init fills the watched sets: with the boxes of the other writers of one's group,
// as many as there is room for, and decoys. Clients with more authors than places let
// them take turns.
func (w *watched) init(e *engine) {
	w.e = e
	n := e.cfg.Boxes.Watched
	if n == 0 {
		return
	}
	w.places = make([]place, n*e.cfg.Clients)
	w.reading = make([]int32, e.cfg.authorsWaiting()*2*e.cfg.Clients)
	w.turns = make([]int32, e.cfg.Clients)
	for c := range int32(e.cfg.Clients) {
		w.fillPlaces(c)
	}
}

// authors returns how many writers a client reads, and the first of its group.
func (w *watched) authors(c int32) (n int, first int32) {
	g := &w.e.cfg.Groups
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

// authorsWaiting is how many authors may wait for a place.
func (c *Config) authorsWaiting() int {
	if c.Groups.Count == 0 {
		return 0
	}
	return max(or(c.Groups.Writers, c.Groups.Size)-c.Boxes.Watched, 0)
}

// waiting is the circle of a client's authors that have no place: author and index.
func (w *watched) waiting(c int32) []int32 {
	n := 2 * w.e.cfg.authorsWaiting()
	return w.reading[int(c)*n : int(c)*n+n]
}

func (w *watched) fillPlaces(c int32) {
	n, author := w.authors(c)
	places := w.placesOf(c)
	waiting := w.waiting(c)
	for i := range len(waiting) / 2 {
		waiting[2*i] = none
	}
	for i := range max(n, len(places)) {
		if author == c {
			author++
		}
		switch {
		case i >= n:
			places[i] = place{author: none, until: w.decoyLife()}
		case i < len(places):
			places[i] = place{author: author}
		default:
			waiting[2*(i-len(places))] = author
		}
		author++
	}
}

func (w *watched) placesOf(c int32) []place {
	n := w.e.cfg.Boxes.Watched
	return w.places[int(c)*n : int(c)*n+n]
}

func (w *watched) decoyLife() int64 {
	return int64(w.e.routes.rng.Exp() * float64(w.e.cfg.Boxes.DecoyLife))
}

// poll reads one of the client's watched boxes, younger ones more often.
func (w *watched) poll(c int32) {
	i := w.drawPlace(c)
	p := &w.placesOf(c)[i]
	p.polls++
	if p.author == none {
		for p.until <= w.e.now {
			p.since = p.until
			p.until += 1 + w.decoyLife()
		}
		w.e.clients.send(event{Src: c, Dst: w.e.routes.otherProvider(c), Ref: none, Class: request})
		return
	}
	ref := w.e.requests.add(awaited{
		client: c, use: poll, author: p.author, index: p.index, place: int32(i),
	})
	ev := event{
		Src: c, Dst: w.e.boxes.holder(c, p.author, p.index, p.polls%otherHolderEvery == 0),
		Ref: ref, Class: request,
	}
	w.e.requests.stamp(&ev)
	w.e.clients.send(ev)
}

// drawPlace draws a place with weight 1/(1+age/scale), the same for everybody.
func (w *watched) drawPlace(c int32) int {
	var sums [maxPlaces]float64
	scale, most := float64(w.e.cfg.Boxes.AgeScale), float64(w.e.cfg.Boxes.AgeCap)
	places := w.placesOf(c)
	sum := 0.0
	for i := range places {
		age := min(float64(w.e.now-places[i].since), most)
		sum += 1 / (1 + age/scale)
		sums[i] = sum
	}
	x := w.e.clients.rng.Float64() * sum
	for i := range places {
		if x < sums[i] {
			return i
		}
	}
	return len(places) - 1
}

// polled is the answer to a poll: box, or none.
func (w *watched) polled(r *awaited, found int32) {
	p := &w.placesOf(r.client)[r.place]
	if p.author != r.author || p.index != r.index {
		return // another poll found it before
	}
	if found != none {
		b := &w.e.boxes.all[found]
		w.e.m.pollWait.add(float64(w.e.now-min(b.stored[0], b.stored[1])) / 1e9)
		w.e.posts.arrived(b.post)
		p.index++
		p.since = w.e.now
	}
	w.takeTurns(r.client, p)
}

// takeTurns gives a place to the author who has waited longest. A writer has one author
// less than a reader, so the circle may have a gap.
func (w *watched) takeTurns(c int32, p *place) {
	waiting := w.waiting(c)
	turn := &w.turns[c]
	for range len(waiting) / 2 {
		next := waiting[2**turn:]
		*turn = (*turn + 1) % int32(len(waiting)/2)
		if next[0] != none {
			next[0], p.author = p.author, next[0]
			next[1], p.index = p.index, next[1]
			p.since = w.e.now
			return
		}
	}
}
