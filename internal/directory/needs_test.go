package directory

import (
	"strings"
	"testing"
)

// TestNeeds: a network does not go on without the only mix of a layer, nor with fewer providers
// than a box needs; any other node can be spared, but for those who go, too.
func TestNeeds(t *testing.T) {
	par := Parameters{Replicas: 2}
	id := func(n byte) NodeID { return NodeID{n} }
	d := &Document{Parameters: par, Nodes: []Node{
		{ID: id(1), Role: RoleMix, Layer: 1}, {ID: id(2), Role: RoleMix, Layer: 1},
		{ID: id(3), Role: RoleMix, Layer: 2}, {ID: id(4), Role: RoleMix, Layer: 2, Probation: true},
		{ID: id(5), Role: RoleProvider}, {ID: id(6), Role: RoleProvider},
		{ID: id(7), Role: RoleProvider}}}
	for _, c := range []struct {
		node byte
		goes byte // 0: nobody
		want string
	}{
		{1, 0, ""}, {1, 2, "only mix of layer 1"}, {1, 3, ""},
		{3, 0, "only mix of layer 2"}, {4, 0, ""},
		{5, 0, ""}, {5, 5, ""}, {5, 6, "there would be 1 providers, and each box needs 2"},
		{8, 0, ""},
	} {
		got := d.Needs(id(c.node), func(n NodeID) bool { return n == id(c.goes) })
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%d, while %d goes: %q, want %q", c.node, c.goes, got, c.want)
		}
	}
}
