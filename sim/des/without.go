package des

import "math"

// Rules are defences of clients, each against one attack.
type Rules uint8

const (
	// CrowdRule: what others read is fetched, too, and slots with nothing to do fetch decoys.
	CrowdRule  Rules = 1 << iota
	LateRule         // what was withheld is fetched late
	OwnRule          // a client fetches its own boxes like those of others
	MissedRule       // missed boxes are fetched in a window, and others fetch a share of them, too
	PhotoRule        // the boxes of a photo are known from their listing, not from its post
	CoverRule        // frames that carry nothing look like those that do
	FalseRule        // the crowd fetches what is listed, whether or not it is there
	HeadsRule        // what providers attest with replies is compared with what was read
)

// without reports whether clients do without a rule, as the control of the attack that it is for.
func (e *engine) without(rule Rules) bool { return e.cfg.Bulletins.Without&rule != 0 }

// exempt reports whether a client leaves a pair out of its coins.
func (r *readers) exempt(c, pair int32) bool {
	if r.kept != nil {
		if target, ok := r.kept[pair]; ok && target == c {
			return true
		}
	}
	if r.e.baits.known(r.e.board.pairs[pair]) {
		return true
	}
	return r.e.without(OwnRule) && r.e.boxes.all[r.e.board.pairs[pair]].author == c
}

// fetchMissed fetches at once what a client reads of what it missed, and nothing else.
func (r *readers) fetchMissed(c int32) {
	list := &r.states[c].missed
	for pair, ok := r.take(list, math.MaxInt32); ok; pair, ok = r.take(list, math.MaxInt32) {
		r.e.fetches.live(c, r.e.board.pairs[pair], true)
	}
}

// target draws from whom the first provider keeps the bulletin of a post.
func (r *readers) target(pair int32, b *box) int32 {
	if c, ok := r.e.forks.shownTo(b.index); ok {
		r.keep(pair, c)
		return c
	}
	wait := int64(r.e.cfg.Bulletins.Withhold)
	if wait == 0 || b.part > 0 {
		return none
	}
	c := r.victim(b)
	if c == none {
		return none
	}
	r.keep(pair, c)
	r.e.seen.kept(b.index, c, r.e.now+wait)
	r.e.later(wait, event{Src: c, Ref: pair, Kind: shown})
	return c
}

// victim draws a reader of a post, or by an even coin anybody but its author.
func (r *readers) victim(b *box) int32 {
	members := r.e.groups.membersOf(r.e.posts.all[b.post].group)
	c := members[r.rng.IntN(len(members))]
	if r.rng.Float64() < 0.5 {
		c = int32(r.rng.IntN(r.e.cfg.Clients))
	}
	if c == b.author {
		return none
	}
	return c
}

// keep notes that a client does not hear of a pair when others do.
func (r *readers) keep(pair, c int32) {
	if r.kept == nil {
		r.kept = map[int32]int32{}
	}
	r.kept[pair] = c
}

// shown is a client that is told of a pair long after others.
func (r *readers) shown(c, pair int32) {
	reads := r.follows(c, pair)
	if !reads && r.rng.Float64() >= r.e.board.load(r.work(&r.states[c])) {
		return
	}
	box := r.e.board.pairs[pair]
	if r.e.without(LateRule) {
		r.e.fetches.live(c, box, reads)
		return
	}
	r.e.fetches.late(c, fetch{box: box, reads: reads, first: uint8(r.rng.IntN(2))})
}

// unknown reports whether a photo's boxes are not yet known to a reader, who has not read the post.
func (r *readers) unknown(post, c int32) bool {
	if !r.e.without(PhotoRule) {
		return false
	}
	if r.parts == nil {
		r.parts = map[photoOf][]int32{}
	}
	_, known := r.parts[photoOf{r.e.posts.all[post].serial, c, true}]
	return !known
}

// recognise fetches what is listed of a photo whose post was just read.
func (r *readers) recognise(post, c int32) {
	if r.parts == nil {
		return
	}
	at := photoOf{r.e.posts.all[post].serial, c, false}
	for _, pair := range r.parts[at] {
		r.e.fetches.live(c, r.e.board.pairs[pair], true)
	}
	delete(r.parts, at)
	at.read = true
	r.parts[at] = nil
}
