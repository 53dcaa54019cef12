package des

import "murmuration/sim/stat"

// baits are entries that providers list though nobody wrote such a box: of ids that a feed's next
// boxes would have, which only those know who follow it or write it.
type baits struct {
	e   *engine
	rng *stat.Rand
}

func (b *baits) init(e *engine) {
	b.e = e
	if e.cfg.Bulletins.Baits > 0 {
		b.rng = e.random("des baits")
		b.await(event{Kind: baited})
	}
}

func (b *baits) await(ev event) {
	mean := float64(b.e.cfg.Bulletins.Baits) / float64(b.e.cfg.Groups.Count)
	b.e.later(int64(b.rng.Exp()*mean)+1, ev)
}

// list has two holders list the next box of some author.
func (b *baits) list(ev event) {
	b.await(ev)
	e := b.e
	members := e.groups.membersOf(int32(b.rng.IntN(e.cfg.Groups.Count)))
	id := int32(len(e.boxes.all))
	one := box{
		author: members[b.rng.IntN(len(members))], index: id, post: none, bait: true,
		stored: [2]int64{never, never},
	}
	one.holders[0], one.holders[1] = e.boxes.holders(one.author, id)
	e.boxes.all = append(e.boxes.all, one)
	e.seen.baited(id, members)
	e.board.list(id)
	e.board.list(id)
}

// known reports whether somebody who fetches nothing false leaves a box out.
func (b *baits) known(id int32) bool { return b.e.without(FalseRule) && b.e.boxes.all[id].bait }
