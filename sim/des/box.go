package des

import "math/bits"

// box is one written box: which two providers keep it, and since when each has it.
type box struct {
	author, index int32
	post          int32
	holders       [2]int32
	stored        [2]int64 // never until it is there
}

// boxes are all that were written, at their holders.
type boxes struct {
	e       *engine
	all     []box
	streams [][]int32 // boxes of each author
}

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
	ref := e.requests.add(awaited{client: author, box: id, author: none})
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
	one.stored[holder] = min(b.e.now, one.stored[holder])
}
