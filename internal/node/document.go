package node

import (
	"maps"
	"slices"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/link"
	"murmuration/internal/protocol"
)

// user is the node as it goes by the network documents.
type user struct{ *Node }

// Prepare does nothing: links and rules change when the epoch begins.
func (user) Prepare(*directory.Document) error { return nil }

// Use switches to the document of a new epoch.
func (n user) Use(now time.Time, doc *directory.Document) error {
	if _, err := n.tryKeys(now); err != nil {
		return err
	}
	self, listed := doc.Node(n.Home.Identity.ID())
	missed := n.missed(doc)
	n.tellListed(doc, self, listed, missed)
	previous, next := doc.Neighbours(n.Home.Identity.ID(), missed...)
	if err := n.links.set(peers(next)); err != nil {
		return err
	}
	n.pipeline.do(func(time.Time) { n.role.Document.SetDocument(doc, missed) })
	n.admitSenders(previous) // last: what they send must find rules and links
	n.prune()
	n.cfg.Log.Info("network document in force", "epoch", doc.Epoch, "nodes", len(doc.Nodes),
		"layer", self.Layer)
	return nil
}

// tellListed says what the operator must know of this node in a document.
func (n *Node) tellListed(doc *directory.Document, self directory.Node, listed bool,
	missed []directory.Node) {
	switch {
	case listed:
		n.lookForTwin(doc, self)
	case slices.ContainsFunc(missed,
		func(m directory.Node) bool { return m.ID == n.Home.Identity.ID() }):
		n.cfg.Log.Warn("this node is not in the network document, and carries what its own "+
			"people send alone: it was away when the document was made, or is not admitted any "+
			"more", "epoch", doc.Epoch)
	case n.leaving.Load():
		n.cfg.Log.Info("this node is not in the network document any more", "epoch", doc.Epoch)
	default:
		n.cfg.Log.Warn("this node is not in the network document and carries nothing: is it "+
			"admitted?", "epoch", doc.Epoch)
	}
	nudge(n.news)
}

// missed are the providers that are not in a document, but in those before it that are at hand.
func (c *Chassis) missed(doc *directory.Document) []directory.Node {
	var before []*directory.Document
	for back := directory.Epoch(1); back < protocol.Validity && back <= doc.Epoch; back++ {
		before = append(before, c.Documents.Document(doc.Epoch-back))
	}
	return doc.Missed(before...)
}

// Expire ends all mixing until there is a document again. What is held still leaves if its link
// lasts.
func (n user) Expire(time.Time) {
	n.pipeline.do(func(time.Time) { n.role.Document.SetDocument(nil, nil) })
	_ = n.links.set(nil) // taking links down cannot fail
	n.before = nil
	n.senders.Store(nil)
	n.prune()
}

func peers(nodes []directory.Node) map[directory.NodeID]link.Peer {
	all := make(map[directory.NodeID]link.Peer, len(nodes))
	for _, n := range nodes {
		all[n.ID] = link.Peer{Addr: n.Addr, Key: link.PublicKey(n.ID)}
	}
	return all
}

// admitSenders lets in the senders of this document and, for packets still on their way, the one
// before.
func (n *Node) admitSenders(nodes []directory.Node) {
	now := make(map[link.PublicKey]struct{}, len(nodes))
	for _, sender := range nodes {
		now[link.PublicKey(sender.ID)] = struct{}{}
	}
	both := maps.Clone(now)
	maps.Copy(both, n.before)
	n.before = now
	n.senders.Store(&both)
}

// prune cuts the links of those who are no longer neighbours.
func (n *Node) prune() {
	if n.listener != nil {
		n.listener.Prune()
	}
}
