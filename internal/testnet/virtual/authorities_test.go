package virtual

import (
	"testing"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/testnet"
)

// founded is the plan of a network of several authorities, with as little traffic as may be.
func founded(t *testing.T, authorities int) testnet.Plan {
	plan := Plan(t)
	plan.Providers, plan.Authorities = max(authorities, 3), authorities
	plan.Parameters.BulletinEvery = time.Second
	plan.Parameters.ReplicateEvery = 150 * time.Millisecond
	return plan
}

// TestFourAuthorities: real drivers over links agree on each document; with one of them stopped
// nobody sees anything, with two there is no new document and the last one ends. Who comes back
// takes up what the others made, and signs again.
func TestFourAuthorities(t *testing.T) {
	Run(t, founded(t, 4), testnet.Options{}, func(n *Net) {
		n.epoch(3, 0.1)
		one := n.made(3)
		if len(one.Signatures) < 3 {
			t.Fatalf("%d signatures", len(one.Signatures))
		}
		n.stopAll("provider-1")
		n.epoch(6, 0.1)
		n.made(6)
		n.Start("provider-1")
		n.epoch(8, 0.1)
		n.made(8)
		if !n.signed(n.Document("provider-1", 8), "provider-1") {
			t.Error("who came back does not sign")
		}
		// Another moves: the others hear of it by its vote, all by the document after that.
		n.stopAll("provider-4")
		moved := n.Nodes[3]
		from := moved.Addr
		moved.Addr = "127.0.0.1:1"
		n.Start("provider-4")
		n.epoch(10, 0.1)
		if at := n.made(10).AddressOf(n.authority("provider-4")); at != moved.Addr || at == from {
			t.Errorf("it moved from %s, and is at %s", from, at)
		}
		if !n.signed(n.Document("provider-4", 10), "provider-4") {
			t.Error("who moved does not sign")
		}
		n.stopAll("provider-2", "provider-3")
		n.epoch(12, 0.1)
		if n.Document("provider-1", 11) != nil || n.Document("provider-4", 12) != nil {
			t.Error("two of four make a document")
		}
	})
}

// TestSevenAuthorities: two away are not seen, three are; when one of them is back the others take
// its votes again.
func TestSevenAuthorities(t *testing.T) {
	Run(t, founded(t, 7), testnet.Options{}, func(n *Net) {
		n.epoch(1, 0.2)
		n.stopAll("provider-1", "provider-2")
		n.epoch(3, 0.1)
		if doc := n.made(3); len(doc.Signatures) != 5 {
			t.Errorf("%d signatures of those five who are there", len(doc.Signatures))
		}
		n.stopAll("provider-3")
		n.epoch(5, 0.1)
		if n.Document("provider-7", 5) != nil {
			t.Error("four of seven make a document")
		}
		n.Start("provider-2")
		n.epoch(7, 0.1)
		n.made(7)
	})
}

// authority is that of a name in the genesis.
func (n *Net) authority(name string) (found directory.Authority) {
	for _, a := range n.Genesis.Authorities {
		if a.Name == name {
			found = a
		}
	}
	return found
}

func (n *Net) stopAll(names ...string) {
	n.t.Helper()
	for _, name := range names {
		if err := n.stop(name); err != nil {
			n.t.Fatal(err)
		}
	}
}

// made is the document of an epoch, which all that run have, and the same.
func (n *Net) made(e directory.Epoch) *directory.Document {
	n.t.Helper()
	var doc *directory.Document
	for name := range n.running {
		d := n.Document(name, e)
		if d == nil {
			n.t.Fatalf("%s has no document of epoch %d", name, e)
		}
		if doc != nil && doc.Digest() != d.Digest() {
			n.t.Fatalf("two documents of epoch %d", e)
		}
		doc = d
	}
	return doc
}

// signed says whether an authority's signature is among those of the document. Each authority
// serves what it had when there were enough, its own among them.
func (n *Net) signed(doc *directory.Document, name string) bool {
	for _, node := range n.Nodes {
		if node.Name != name {
			continue
		}
		for _, s := range doc.Signatures {
			if s.By == directory.NodeID(node.Key()) {
				return true
			}
		}
	}
	return false
}
