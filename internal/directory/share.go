package directory

import (
	"cmp"
	"fmt"
	"slices"
)

// Parts of a layer's traffic that its mixes get. Whoever declares much gets no more than twice what
// the layer's middle mix does: what a mix can carry is its own word.
const (
	evenShare = 4
	mostShare = 2 * evenShare
)

// Weight is the mix's part of what its layer carries, in quarters of the middle mix's.
func (n *Node) Weight() int { return cmp.Or(n.Share, evenShare) }

// checkShare wants one spelling of each share, and none for a provider.
func (n *Node) checkShare() error {
	if n.Share == 0 {
		return nil
	}
	if n.Role != RoleMix || n.Share < 0 || n.Share > mostShare || n.Share == evenShare {
		return fmt.Errorf("a %s with a share of %d", n.Role, n.Share)
	}
	return nil
}

// checkFamily takes what descriptors may say.
func (n *Node) checkFamily() error {
	if n.Family == "" {
		return nil
	}
	return checkName("family", n.Family)
}

// shares sets what each mix gets of its layer, by what they declare.
func shares(nodes []Node, listed []Listing) {
	capacity := map[NodeID]uint64{}
	layers := map[int][]uint64{}
	for i, l := range listed { // in the order of nodes
		capacity[l.Descriptor.ID] = declared(l)
		if n := nodes[i]; n.Role == RoleMix && !n.Probation {
			layers[n.Layer] = append(layers[n.Layer], declared(l))
		}
	}
	for _, all := range layers {
		slices.Sort(all)
	}
	for i, n := range nodes {
		all := layers[n.Layer]
		if n.Role != RoleMix || len(all) == 0 {
			continue
		}
		middle := all[(len(all)-1)/2]
		share := (2*evenShare*capacity[n.ID] + middle) / (2 * middle) // rounded
		share = max(1, min(mostShare, share))
		if share != evenShare {
			nodes[i].Share = int(share)
		}
	}
}
