package provider

import (
	"slices"

	"murmuration/internal/box"
	"murmuration/internal/bulletin"
)

// chain is the bulletins of one maker.
type chain struct {
	known   []*known // in memory, by slot
	gaps    []question
	rolls   map[uint32]bool // that are kept
	drift   int             // slots by which the last one came too early, by the clock here
	heard   box.Slot        // by the clock here, when that was
	ever    bool
	settled uint32 // rolls before this one are here, or nobody has them
	false   bool   // signed two bodies for one slot
}

type known struct {
	bulletin.Bulletin
	hash bulletin.Hash
}

func (c *chain) search(s box.Slot) (int, bool) {
	return slices.BinarySearchFunc(c.known, s,
		func(k *known, s box.Slot) int { return int(int64(k.Slot) - int64(s)) })
}

// find is the bulletin of a slot, nil if it is not here.
func (c *chain) find(s box.Slot) *known {
	if i, ok := c.search(s); ok {
		return c.known[i]
	}
	return nil
}

func (c *chain) insert(k *known) bool {
	i, ok := c.search(k.Slot)
	if ok {
		return false
	}
	c.known = slices.Insert(c.known, i, k)
	c.gaps = c.findGaps()
	return true
}

// findGaps are the slots between bulletins of which the later does not follow the earlier. One that
// follows none is of a maker that lost its disk.
func (c *chain) findGaps() (gaps []question) {
	for i := 1; i < len(c.known); i++ {
		before, after := c.known[i-1], c.known[i]
		if after.Previous != (bulletin.Hash{}) && after.Previous != before.hash &&
			after.Slot > before.Slot+1 {
			gaps = append(gaps, question{askBulletins, after.Maker, uint32(before.Slot + 1),
				uint32(after.Slot - 1)})
		}
	}
	return gaps
}

// newest is the last bulletin, nil if there is none.
func (c *chain) newest() *known {
	if len(c.known) == 0 {
		return nil
	}
	return c.known[len(c.known)-1]
}
