// Package transit names what a packet is on its way through one node: an arrival that a key has
// opened, a departure to the next node, a replay tag that must be remembered first, or a drop with
// its reason.
//
// The node's pipeline and the cores of all roles speak of packets in these words, so that neither
// needs to know the other. The package decides nothing and does nothing.
package transit

import (
	"murmuration/internal/directory"
	"murmuration/internal/sphinx"
)

// Arrival is a packet that one of the node's keys has opened.
type Arrival struct {
	Epoch  directory.Epoch // whose key opened it
	Hop    sphinx.Result
	Packet []byte // the next hop's packet; belongs to the core from here on
}

// Departure is a packet that leaves for another node. Packet belongs to the caller.
type Departure struct {
	To     directory.NodeID
	Packet []byte
}

// Seen is a replay tag that must be on disk before the packet of Ticket leaves.
type Seen struct {
	Epoch  directory.Epoch
	Tag    sphinx.Tag
	Ticket uint64
}
