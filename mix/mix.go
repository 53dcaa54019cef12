// Package mix is the core of a mix: it decides what happens to every packet that a key has opened,
// holds each for its delay, and makes the mix's own loops and watches what comes back of them.
//
// Relay forwards, Loops makes the mix's own traffic, Returns notices neighbours that drop it, and
// Pool holds what waits. All are given the time and return what to do; none has a goroutine,
// socket, clock, logger or disk. Package mix/node runs them, a provider's edge stands on the same
// Relay, and the simulator runs exactly this code.
//
// A mix knows the node that a packet came from and the one that it goes to. It must never write
// down anything that joins the two.
package mix

import (
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/protocol"
)

// Rules is what the relay takes from the network document of the current epoch. The zero Rules
// stand for no document: nothing is taken in.
type Rules struct {
	DelayLimit time.Duration // longest delay that a packet may ask for
	// SlowLimit is the longest delay of a slow packet, which a writer has held for longer at one
	// mix on each way, never at a provider. Zero means that there are none.
	SlowLimit time.Duration
	Next      map[directory.NodeID]struct{} // the only nodes that packets may go to
}

// RulesOf are those of a node under a document, which some providers missed: none without a
// document, and nowhere to send packets to for a node that is neither listed nor one of these.
func RulesOf(self directory.NodeID, doc *directory.Document, missed ...directory.Node) Rules {
	if doc == nil {
		return Rules{}
	}
	_, next := doc.Neighbours(self, missed...)
	rules := Rules{DelayLimit: doc.Parameters.HopDelayLimit,
		Next: make(map[directory.NodeID]struct{}, len(next))}
	if n, ok := doc.Node(self); ok && n.Role == directory.RoleMix {
		rules.SlowLimit = doc.Parameters.HopDelayLimit + protocol.SlowCap*doc.Parameters.SlowDelay
	}
	for _, n := range next {
		rules.Next[n.ID] = struct{}{}
	}
	return rules
}
