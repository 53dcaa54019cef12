package directory

import (
	"errors"
	"testing"
)

// TestShares: what mixes of one layer get follows what they declare, and nobody gets more than
// twice what the middle one does, whatever it says.
func TestShares(t *testing.T) {
	for _, one := range []struct {
		capacity []uint64
		want     []int
	}{
		{[]uint64{100}, []int{4}},
		{[]uint64{100, 100, 100}, []int{4, 4, 4}},
		{[]uint64{50, 100, 150}, []int{2, 4, 6}},
		{[]uint64{1, 100, maxCapacity}, []int{1, 4, 8}}, // a lie
		{[]uint64{0, 0, maxCapacity}, []int{4, 4, 8}},
	} {
		var nodes []Node
		var listed []Listing
		for i, c := range one.capacity {
			id := NodeID{byte(i)}
			nodes = append(nodes, Node{ID: id, Role: RoleMix, Layer: 1})
			listed = append(listed, Listing{Descriptor: &Descriptor{ID: id, Role: RoleMix,
				Capacity: c}})
		}
		shares(nodes, listed)
		for i, n := range nodes {
			if n.Weight() != one.want[i] || n.checkShare() != nil {
				t.Errorf("%v: mix %d gets %d, want %d (%v)", one.capacity, i+1, n.Weight(),
					one.want[i], n.checkShare())
			}
		}
	}
}

// TestSharesAndFamiliesAreChecked: a document with a share or a family that no tally makes is
// refused; those that one makes are not.
func TestSharesAndFamiliesAreChecked(t *testing.T) {
	for _, one := range []struct {
		node Node
		good bool
	}{
		{Node{Role: RoleMix}, true}, {Node{Role: RoleMix, Share: 8}, true},
		{Node{Role: RoleMix, Share: 4}, false}, {Node{Role: RoleMix, Share: 9}, false},
		{Node{Role: RoleMix, Share: -1}, false}, {Node{Role: RoleProvider, Share: 2}, false},
		{Node{Role: RoleProvider, Family: "herons"}, true},
		{Node{Role: RoleMix, Family: "two words"}, false},
	} {
		err := errors.Join(one.node.checkShare(), one.node.checkFamily())
		if (err == nil) != one.good {
			t.Errorf("%s, share %d, family %q: %v", one.node.Role, one.node.Share, one.node.Family,
				err)
		}
	}
}
