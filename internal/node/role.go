package node

import (
	"context"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/link"
	"murmuration/internal/replay"
	"murmuration/internal/transit"
)

// Role is what makes a mix or a provider of a chassis, as parts that are complete before they are
// given.
type Role struct {
	Core     Core
	Relay    Relay
	Document DocumentSetter
	// Registry is where the node's descriptors go; nil is Authorities.
	Registry Registry
	// State adds to what a running node says of itself; nil adds nothing.
	State func(*State)
	// Needed says that the network needs a node that leaves for more than packets: boxes that it
	// has promised to keep. Nil is never.
	Needed func(now time.Time) bool
}

// Core is the pure part of a role that the pipeline runs: the relay of a mix, the edge of a
// provider. It is called by one goroutine at a time.
type Core interface {
	Receive(now time.Time, a transit.Arrival) transit.Reason
	TakeFresh(into []transit.Seen) []transit.Seen
	Persisted(ticket uint64)
	Next() (time.Time, bool)
	Due(now time.Time, out []transit.Departure) ([]transit.Departure, error)
}

// Relay is the part of a core that remembers what was seen under each key, and holds packets. It is
// called as the core is.
type Relay interface {
	OpenEpoch(e directory.Epoch, from, until time.Time, tags replay.TagSet)
	CloseEpoch(e directory.Epoch)
	Tags(e directory.Epoch) (seen, capacity int)
	Held() int
}

// DocumentSetter is whoever in a role goes by the network document. It is called as the core is,
// when the relay's epochs are open already and before anything comes by the new document.
type DocumentSetter interface {
	// SetDocument switches to a document, and says which providers missed it; nil means that none
	// is in force any more.
	SetDocument(doc *directory.Document, missed []directory.Node)
}

// Service answers one kind of link.
type Service interface {
	// Admits says whether a peer may have such a link; it is asked again after each new document.
	Admits(peer link.PublicKey) bool
	// Serve answers until the link ends, which is no error of the node's.
	Serve(ctx context.Context, conn link.Conn) error
}

// Knower is a service that knows peers on whom the network depends and whom no document names yet.
type Knower interface {
	// Knows must be quick; it is asked by many goroutines.
	Knows(peer link.PublicKey) bool
}

// Roomy is a service that does not have room for everybody whom it admits.
type Roomy interface {
	// Room says whether there is room for a guest. It is asked once for each connection, by many
	// goroutines.
	Room(g link.Guest) link.Answer
}
