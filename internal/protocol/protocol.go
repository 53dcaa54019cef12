// Package protocol is what every part of a network must agree on, written down once: names of
// services, sizes, how long a document serves, which day it is. docs/ says why each is what it is;
// a test of the root keeps these values out of all other rooms.
//
// It must not hold what a network's own document decides (package directory), nor anything that
// does something.
package protocol

import (
	"time"

	"murmuration/internal/sphinx"
)

// The recipients that every provider serves at the last hop of a packet (docs/provider.md).
var (
	// ServiceBoxes executes the box request in the payload and answers by its SURB.
	ServiceBoxes = service("murmuration/boxes")
	// ServiceDrop drops the packet: the end of the drop stream.
	ServiceDrop = service("murmuration/drop")
)

func service(name string) (id sphinx.RecipientID) {
	copy(id[:], name)
	return id
}

// Validity is how many epochs a document serves, its own included, and how many keys of a node it
// lists (docs/directory.md).
const Validity = 3

// KeyGrace is how much earlier and later than its epoch a key is accepted, for clocks that differ
// (docs/mix.md).
func KeyGrace(epoch time.Duration) time.Duration { return epoch / 4 }
