package directory

import (
	"cmp"
	"slices"
)

// placement deals mixes to layers.
type placement struct {
	layer    map[NodeID]int
	capacity []uint64 // by layer; index 0 unused; mixes on probation carry nothing and do not count
}

// placeMixes gives every mix its layer: the one that it had, or, for a new one and one whose
// probation has ended, the layer with the least declared capacity. All mixes of one family share a
// layer, so that no operator sees a packet twice on its way; the families of kept mixes come first,
// then the greatest new ones.
func (o *Outcome) placeMixes(previous *Document, listed []Listing, layers int) map[NodeID]int {
	p := placement{map[NodeID]int{}, make([]uint64, layers+1)}
	groups := families(listed)
	var fresh [][]Listing
	for _, g := range groups {
		home := sticky(previous, g, layers)
		if home == 0 {
			fresh = append(fresh, g)
			continue
		}
		p.put(g, home)
	}
	slices.SortStableFunc(fresh,
		func(a, b []Listing) int { return cmp.Compare(groupCapacity(b), groupCapacity(a)) })
	for _, g := range fresh {
		home := p.least()
		p.put(g, home)
		for _, l := range g {
			o.note("%s joins layer %d", l.Descriptor.Name, home)
		}
	}
	return p.layer
}

// families groups the mixes by family, each loner by itself, in the order of their first members.
func families(listed []Listing) [][]Listing {
	var groups [][]Listing
	at := map[string]int{}
	for _, l := range listed {
		if l.Descriptor.Role != RoleMix {
			continue
		}
		family := l.Descriptor.Family
		i, known := at[family]
		if family == "" || !known {
			i = len(groups)
			at[family] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], l)
	}
	return groups
}

// sticky is the layer in which most of the group's capacity was before, the lowest of equals; 0 if
// the group is new.
func sticky(previous *Document, group []Listing, layers int) int {
	if previous == nil {
		return 0
	}
	had := make([]uint64, layers+1)
	for _, l := range group {
		n, ok := previous.Node(l.Descriptor.ID)
		if ok && n.Role == RoleMix && n.Layer <= layers && (l.Probation || !n.Probation) {
			had[n.Layer] += declared(l)
		}
	}
	best := 0
	for i, c := range had {
		if c > had[best] {
			best = i
		}
	}
	return best
}

// declared is a mix's capacity; one that declares nothing still counts, so that mixes spread out.
func declared(l Listing) uint64 { return max(1, l.Descriptor.Capacity) }

func groupCapacity(group []Listing) (sum uint64) {
	for _, l := range group {
		if !l.Probation {
			sum += declared(l)
		}
	}
	return sum
}

func (p *placement) put(group []Listing, layer int) {
	for _, l := range group {
		p.layer[l.Descriptor.ID] = layer
	}
	p.capacity[layer] += groupCapacity(group)
}

func (p *placement) least() int {
	best := 1
	for i := range p.capacity[1:] {
		if p.capacity[i+1] < p.capacity[best] {
			best = i + 1
		}
	}
	return best
}
