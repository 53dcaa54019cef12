package directory

import (
	"fmt"
	"slices"
)

// storingSets keeps the sets of all days that previous lists and that are still kept, and fixes
// those of today and tomorrow if they are new. A set never changes once it is listed: where a box
// is depends on it.
func storingSets(g *Genesis, previous, d *Document, listed []Listing) []StoringSet {
	today, oldest := d.days(g)
	var sets []StoringSet
	if previous != nil {
		for _, s := range previous.Storing {
			if s.Day >= oldest && s.Day <= today+1 {
				sets = append(sets, s)
			}
		}
	}
	now := storingNow(listed)
	for _, day := range []uint16{today, today + 1} {
		if !slices.ContainsFunc(sets, func(s StoringSet) bool { return s.Day == day }) {
			sets = append(sets, StoringSet{day, now})
		}
	}
	slices.SortFunc(sets, func(a, b StoringSet) int { return int(a.Day) - int(b.Day) })
	return sets
}

// truthful leaves out the providers of whom more than half of the votes say that they are proved
// false: they get no new boxes. If nobody else stores any, they stay, for want of a network.
func (o *Outcome) truthful(votes []*Vote, listed []Listing) []Listing {
	count := map[NodeID]int{}
	for _, v := range votes {
		for _, id := range v.False {
			count[id]++
		}
	}
	is := func(l Listing) bool { return 2*count[l.Descriptor.ID] > len(votes) }
	kept := slices.DeleteFunc(slices.Clone(listed), is)
	if len(storingNow(kept)) == 0 {
		kept = listed
	}
	for _, l := range listed {
		switch {
		case is(l) && len(kept) == len(listed):
			o.note("%s lied about boxes, and goes on to store them: nobody else does",
				l.Descriptor.Name)
		case is(l):
			o.note("%s lied about boxes, and gets no new ones", l.Descriptor.Name)
		}
	}
	return kept
}

// storingNow is the providers that take boxes, sorted.
func storingNow(listed []Listing) []NodeID {
	var ids []NodeID
	for _, l := range listed {
		if l.Descriptor.Storing && !l.Probation {
			ids = append(ids, l.Descriptor.ID)
		}
	}
	return ids
}

// firstHolds lets a network begin only when each box finds its K holders: the first document fixes
// the sets of two days. Later, a network that lost holders goes on with those that it has.
func firstHolds(previous, d *Document) error {
	n := len(d.Storing[0].Nodes)
	if previous == nil && n < d.Parameters.Replicas {
		return fmt.Errorf("the first document needs %d storing providers, there are %d",
			d.Parameters.Replicas, n)
	}
	return nil
}
