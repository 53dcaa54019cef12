package board

import (
	"slices"

	"murmuration/internal/box"
)

// listing is a Listing in few bytes.
type listing struct {
	slot  box.Slot
	maker uint16 // number in Board.ids
	n     uint8
	rank  uint8 // which of the boxes of this entry it is taken for, from 0
	alone bool  // it was counted as a pair of its own
}

// groups are the listings of each entry. Those of one rank are taken for one box: a maker that
// lists an entry again means another one.
type groups map[box.Entry][]listing

// add puts a listing to the others. isNew is false if it was here already; pair is the pair that it
// completes, by slot, if it does, and behind it those that were there besides.
func (g groups) add(e box.Entry, l listing) (isNew bool, pair []listing) {
	var same []listing
	for _, o := range g[e] {
		if o.maker != l.maker {
			continue
		}
		if o.slot == l.slot && o.n == l.n {
			return false, nil
		}
		same = append(same, o)
	}
	for slices.ContainsFunc(same, func(o listing) bool { return o.rank == l.rank }) {
		l.rank++
	}
	rest := g.rank(e, l.rank)
	g[e] = append(g[e], l)
	if len(rest) == 0 || len(rest) == 1 && rest[0].alone {
		return true, nil
	}
	slices.SortStableFunc(rest, bySlot)
	pair = []listing{rest[0], l}
	slices.SortStableFunc(pair, bySlot)
	return true, append(pair, rest[1:]...)
}

func (g groups) rank(e box.Entry, rank uint8) (of []listing) {
	for _, o := range g[e] {
		if o.rank == rank {
			of = append(of, o)
		}
	}
	return of
}

// mark has a listing counted as a pair of its own.
func (g groups) mark(e box.Entry, l listing) {
	for i, o := range g[e] {
		if o.maker == l.maker && o.slot == l.slot && o.n == l.n {
			g[e][i].alone = true
		}
	}
}

func bySlot(a, b listing) int { return int(int64(a.slot) - int64(b.slot)) }

// single says whether a listing has no other of its rank.
func (g groups) single(e box.Entry, l listing) bool { return len(g.rank(e, l.rank)) == 1 }

// prune drops what is older than a slot, but for listings that wait for a second maker, and those
// too if they are older than keep.
func (g groups) prune(before, keep box.Slot) {
	for e, all := range g {
		newest := slices.MaxFunc(all, bySlot).slot
		waits := len(all) == 1 && !all[0].alone
		if newest < before && !waits || newest < keep {
			delete(g, e)
		}
	}
}
