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
)

// Rules is what the relay takes from the network document of the current epoch. The zero Rules
// stand for no document: nothing is taken in.
type Rules struct {
	DelayLimit time.Duration                 // longest delay that a packet may ask for
	Next       map[directory.NodeID]struct{} // the only nodes that packets may go to
}

// RulesOf are those of a node under a document: none without a document, and nowhere to send
// packets to for a node that is not listed.
func RulesOf(self directory.NodeID, doc *directory.Document) Rules {
	if doc == nil {
		return Rules{}
	}
	_, next := doc.Neighbours(self)
	rules := Rules{DelayLimit: doc.Parameters.HopDelayLimit,
		Next: make(map[directory.NodeID]struct{}, len(next))}
	for _, n := range next {
		rules.Next[n.ID] = struct{}{}
	}
	return rules
}
