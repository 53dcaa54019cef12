package board

import (
	"math/rand/v2"

	"murmuration/client/store"
	"murmuration/internal/box"
	"murmuration/internal/bulletin"
	"murmuration/internal/directory"
)

// cached are the pairs of the roll that was read last.
type cached struct {
	roll  uint32
	known bool
	pairs []Pair
}

// Young is one of the pairs of the last 8 slots, drawn uniformly; ok is false if there is none.
func (b *Board) Young(rng *rand.Rand) (young Pair, ok bool) {
	seen := 0
	this := bulletin.RollNumber(b.state.Newest)
	for roll := this - min(this, 1); roll <= this; roll++ {
		for _, p := range b.pairs[roll] {
			if p.Slot+youngSlots <= b.state.Newest {
				continue
			}
			if seen++; rng.IntN(seen) == 0 {
				young = p
			}
		}
	}
	return young, seen > 0
}

// Nearest is the pair whose slot is nearest to one, of equal ones any; ok is false if there is
// none, or what is kept cannot be read.
func (b *Board) Nearest(slot box.Slot, rng *rand.Rand) (nearest Pair, ok bool) {
	roll, best, equal := bulletin.RollNumber(slot), box.Slot(0), 0
	look := func(roll uint32) bool {
		pairs, err := b.History(roll)
		for _, p := range pairs {
			switch d := distance(p.Slot, slot); {
			case equal == 0 || d < best:
				nearest, best, equal = p, d, 1
			case d == best:
				if equal++; rng.IntN(equal) == 0 {
					nearest = p
				}
			}
		}
		return err == nil
	}
	last := bulletin.RollNumber(b.state.Newest)
	for d := uint32(0); roll >= d+b.floor || roll+d <= last; d++ {
		if equal > 0 && d > 1 { // nearer ones were in these
			break
		}
		if roll >= d+b.floor && !look(roll-d) || d > 0 && roll+d <= last && !look(roll+d) {
			return Pair{}, false
		}
	}
	return nearest, equal > 0
}

func distance(a, b box.Slot) box.Slot { return max(a, b) - min(a, b) }

// History is the pairs of a roll's slots, as far as they are kept.
func (b *Board) History(roll uint32) ([]Pair, error) {
	if p := b.periods[roll]; p == nil || p.Pairs == 0 {
		return nil, nil
	}
	if b.inWindow(bulletin.FirstSlot(roll)) {
		return b.pairs[roll], nil
	}
	if b.read.known && b.read.roll == roll {
		return b.read.pairs, nil
	}
	pairs, err := b.readHistory(roll)
	if err == nil {
		b.read = cached{roll, true, pairs}
	}
	return pairs, err
}

// readHistory makes the pairs of a roll from what is kept of it and of the one before.
func (b *Board) readHistory(roll uint32) (pairs []Pair, err error) {
	groups := groups{}
	listed := func(e box.Entry, l listing) {
		_, two := groups.add(e, l)
		if two != nil && bulletin.RollNumber(two[1].slot) == roll {
			pairs = append(pairs, b.pair(e, two))
		}
	}
	err = b.cfg.Store.View(func(tx *store.Tx) (err error) {
		if pairs, err = readOdd(tx, roll); err != nil {
			return err
		}
		for number := roll - min(roll, 1); number <= roll; number++ {
			if err := b.readPairs(tx, number, listed); err != nil {
				return err
			}
		}
		return nil
	})
	return pairs, err
}

// readPairs gives the listings of a roll.
func (b *Board) readPairs(tx *store.Tx, roll uint32, do func(box.Entry, listing)) error {
	p := b.periods[roll]
	if p == nil {
		return nil
	}
	for _, id := range p.Makers {
		key := rollKey{roll, directory.NodeID(id)}
		entries, ok := b.pending.rolls[key]
		if !ok {
			var err error
			if entries, err = readRoll(tx, key); err != nil {
				return err
			}
		}
		m := b.maker(key.maker)
		eachOfRoll(roll, entries, func(e box.Entry, s box.Slot, n uint8) {
			do(e, listing{slot: s, maker: m.number, n: n})
		})
	}
	return nil
}
