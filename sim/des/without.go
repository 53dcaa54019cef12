package des

// What clients do without a rule, as the control of the attack that the rule is for.

func (e *engine) without(rule Rules) bool { return e.cfg.Bulletins.Without&rule != 0 }

// exempt reports whether a client leaves a pair out of its coins.
func (r *readers) exempt(c, pair int32) bool {
	if r.kept != nil {
		if target, ok := r.kept[pair]; ok && target == c {
			return true
		}
	}
	return r.e.without(OwnRule) && r.e.boxes.all[r.e.board.pairs[pair]].author == c
}

// target draws from whom the first provider keeps the bulletin of a post.
func (r *readers) target(pair int32, b *box) int32 {
	wait := int64(r.e.cfg.Bulletins.Withhold)
	if wait == 0 || b.part > 0 {
		return none
	}
	members := r.e.groups.membersOf(r.e.posts.all[b.post].group)
	c := members[r.rng.IntN(len(members))]
	if r.rng.Float64() < 0.5 {
		c = int32(r.rng.IntN(r.e.cfg.Clients))
	}
	if c == b.author {
		return none
	}
	if r.kept == nil {
		r.kept = map[int32]int32{}
	}
	r.kept[pair] = c
	r.e.seen.kept(b.index, c, r.e.now+wait)
	r.e.later(wait, event{Src: c, Ref: pair, Kind: shown})
	return c
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
