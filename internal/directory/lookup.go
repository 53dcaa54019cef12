package directory

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"murmuration/internal/protocol"
	"murmuration/internal/suite"
)

// Errors of lookups.
var (
	errUnknownNode = errors.New("not in the network document")
	ErrNoDocument  = errors.New("no such network document")
	errNotValid    = errors.New("network document not valid for this epoch")
)

// ValidAt says whether d serves in epoch e: its own and the two after it.
func (d *Document) ValidAt(e Epoch) bool { return e >= d.Epoch && e-d.Epoch < protocol.Validity }

// Node finds a node of any role, on probation or not.
func (d *Document) Node(id NodeID) (Node, bool) {
	i, ok := slices.BinarySearchFunc(d.Nodes, id,
		func(n Node, id NodeID) int { return compareIDs(n.ID, id) })
	if !ok {
		return Node{}, false
	}
	return d.Nodes[i], true
}

// AddressOf is where an authority or entry of the genesis is, as far as d knows: an authority said
// so in its votes, a node in its descriptor.
func (d *Document) AddressOf(a Authority) string {
	if addr, ok := d.movedTo(a.ID); ok {
		return addr
	}
	if n, listed := d.Node(a.ID); listed {
		return n.Addr
	}
	return a.Addr
}

func (d *Document) movedTo(id NodeID) (addr string, ok bool) {
	i, ok := slices.BinarySearchFunc(d.Moved, id,
		func(m Address, id NodeID) int { return compareIDs(m.ID, id) })
	if !ok {
		return "", false
	}
	return d.Moved[i].Addr, true
}

// Layer is the mixes of layer i, 1 to Parameters.Layers, that may carry traffic of clients, by ID.
func (d *Document) Layer(i int) []Node {
	return d.pick(func(n *Node) bool { return n.Role == RoleMix && n.Layer == i && !n.Probation })
}

// Needs says why the network of d cannot go on without a node, if those who go do so, too; empty if
// it can.
func (d *Document) Needs(id NodeID, goes func(NodeID) bool) string {
	self, ok := d.Node(id)
	if !ok || self.Probation {
		return ""
	}
	gone := func(n Node) bool { return n.ID == id || goes != nil && goes(n.ID) }
	switch self.Role {
	case RoleMix:
		if len(slices.DeleteFunc(d.Layer(self.Layer), gone)) == 0 {
			return fmt.Sprintf("this is the only mix of layer %d: without it nothing is carried",
				self.Layer)
		}
	case RoleProvider:
		left := len(slices.DeleteFunc(d.Providers(), gone))
		if left < d.Parameters.Replicas {
			return fmt.Sprintf("there would be %d providers, and each box needs %d", left,
				d.Parameters.Replicas)
		}
	}
	return ""
}

// Neighbours are the nodes that a node takes packets from, and those that it sends them to: the
// layers before and after its own, where providers are layer 0. Those that missed the document
// (Missed) are among them. A node that is neither listed nor one of these has none.
func (d *Document) Neighbours(id NodeID, missed ...Node) (previous, next []Node) {
	self, listed := d.Node(id)
	if !listed && !slices.ContainsFunc(missed, func(n Node) bool { return n.ID == id }) {
		return nil, nil
	}
	ring := d.Parameters.Layers + 1
	at := func(steps int) []Node {
		list := d.Ring(steps)
		if steps%ring == 0 {
			list = append(list, missed...)
		}
		return list
	}
	return at(self.Layer + ring - 1), at(self.Layer + 1) // of who missed it, the zero Node's layer
}

// Ring is the nodes that stand so many layers behind the providers in the ring, on probation or
// not, by ID: those that loops of mixes go through.
func (d *Document) Ring(steps int) []Node {
	layer := steps % (d.Parameters.Layers + 1)
	return d.pick(func(n *Node) bool { return n.Layer == layer })
}

// Providers is the providers that may serve clients, by ID.
func (d *Document) Providers() []Node {
	return d.pick(func(n *Node) bool { return n.Role == RoleProvider && !n.Probation })
}

func (d *Document) pick(want func(*Node) bool) []Node {
	var list []Node
	for i := range d.Nodes {
		if want(&d.Nodes[i]) {
			list = append(list, d.Nodes[i])
		}
	}
	return list
}

// Key parses the Sphinx key of a node for epoch e, one of the three that d is valid for. Callers
// that route often keep the result: parsing an X-Wing key expands it.
func (d *Document) Key(id NodeID, e Epoch) (*suite.PublicKey, error) {
	if !d.ValidAt(e) {
		return nil, fmt.Errorf("key for epoch %d: %w: it is of %d", e, errNotValid, d.Epoch)
	}
	n, ok := d.Node(id)
	if !ok {
		return nil, fmt.Errorf("key of %s: %w", id, errUnknownNode)
	}
	s, err := suite.ByName(d.Parameters.Suite)
	if err != nil {
		return nil, err
	}
	return s.ParsePublicKey(n.Keys[e-d.Epoch])
}

// StoringOn is the providers that hold the boxes of a day, sorted; nil for a day that is not kept.
func (d *Document) StoringOn(day uint16) []NodeID {
	for _, s := range d.Storing {
		if s.Day == day {
			return s.Nodes
		}
	}
	return nil
}

// ReplicateEvery is how long lies between two replication frames from one provider to another. It
// goes by the smaller of the two sets that new boxes go to: today's and tomorrow's.
func (d *Document) ReplicateEvery() time.Duration {
	least := len(d.Providers())
	for _, set := range d.Storing[max(0, len(d.Storing)-2):] {
		least = min(least, len(set.Nodes))
	}
	return d.Parameters.ReplicateAmong(least)
}

// TokenKey is the key under which a holder gives tokens for a day; ok is false if the document
// knows none: it lists those of the day in which its epoch begins and of the day after.
func (d *Document) TokenKey(holder NodeID, day uint16) (key TokenKey, ok bool) {
	n, listed := d.Node(holder)
	last := len(d.Storing) - 1
	if !listed || last < 0 || day > d.Storing[last].Day || d.Storing[last].Day-day > 1 {
		return key, false
	}
	key = n.Tokens[1-(d.Storing[last].Day-day)]
	return key, key != TokenKey{}
}

// Stores says whether a provider is in the storing set of any day whose boxes are kept.
func (d *Document) Stores(id NodeID) bool {
	return slices.ContainsFunc(d.Storing, func(s StoringSet) bool {
		return slices.Contains(s.Nodes, id)
	})
}
