package node

import (
	"bytes"

	"murmuration/internal/directory"
)

// lookForTwin compares the keys that a document has of this node with those that it has itself. Who
// has the same identity, a copy of the home that runs elsewhere, describes itself too, with keys of
// its own: the document has one of the two, and packets for it reach the other in vain. Nobody else
// is to blame for what is lost then.
func (n *Node) lookForTwin(doc *directory.Document, self directory.Node) {
	differ := !n.keys.has(doc.Epoch, self.Keys[:])
	switch was := n.twice.Swap(differ); {
	case differ && !was:
		n.cfg.Log.Error("the network document has keys of this node that it did not make: its "+
			"identity is in use by another process, a copy of this home, or keys/ was lost. Stop "+
			"one of the two; of two that run, each loses what is sent to the other", "epoch",
			doc.Epoch, "address", self.Addr)
	case !differ && was:
		n.cfg.Log.Info("the network document has this node's own keys again", "epoch", doc.Epoch)
	}
}

// has says whether the keys from epoch e on are these; those of epochs that are over, or that
// nobody made here, do not count against it unless none is left.
func (k *keyring) has(e directory.Epoch, listed [][]byte) bool {
	k.mu.RLock()
	defer k.mu.RUnlock()
	known := 0
	for i, want := range listed {
		key := k.keys[e+directory.Epoch(i)]
		if key == nil {
			continue
		}
		if known++; !bytes.Equal(key.private.Public().Bytes(), want) {
			return false
		}
	}
	return known > 0
}
