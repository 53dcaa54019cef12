package directory

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"murmuration/internal/protocol"
)

// What a chain refuses beyond a single document's faults.
var (
	ErrTwoDocuments = errors.New("two network documents for one epoch")
	ErrBrokenChain  = errors.New("network document does not follow the one before it")
	ErrOlder        = errors.New("older than the network document at hand")
)

// Chain is what a client, a node or an authority believes: the genesis that it was given, and the
// documents by epoch that it took. There is one rule by which it takes another; it needs no clock:
//
//  1. The document is good by itself (Document.Verify).
//  2. The one at hand of its epoch, if any, has the same digest.
//  3. It names the digest of the one at hand of the epoch before, if any.
//  4. The one at hand of the epoch after, if any, names its digest.
//  5. It is newer than all at hand, or there is one that names it (4): signatures alone do not
//     lead back.
//  6. None at hand says that it is void.
//
// Documents at hand that d says are void do not count in this, and go. So a document that follows a
// gap counts by its signatures alone, as the first one does, and one that was signed ahead of its
// time keeps nobody from those that are made while its time has not come.
type Chain struct {
	genesis *Genesis
	held    map[Epoch]held
	latest  *Document
}

// held is a document with its digest, which costs an encoding and is asked for often.
type held struct {
	doc    *Document
	digest Digest
}

// NewChain starts from the genesis, or goes on from a document that an earlier run took and kept.
func NewChain(g *Genesis, kept *Document) (*Chain, error) {
	c := &Chain{genesis: g, held: map[Epoch]held{}}
	if kept == nil {
		return c, nil
	}
	return c, c.Accept(kept)
}

// Latest is the newest document at hand; nil before the first.
func (c *Chain) Latest() *Document { return c.latest }

// Document is the one of an epoch, or nil.
func (c *Chain) Document(e Epoch) *Document { return c.held[e].doc }

// digest is that of the document of an epoch, zero if it is not at hand.
func (c *Chain) Digest(e Epoch) Digest { return c.held[e].digest }

// Epochs are those whose documents are at hand, ascending.
func (c *Chain) Epochs() []Epoch { return slices.Sorted(maps.Keys(c.held)) }

// InForce is the document that serves in epoch e: the newest of e or of an epoch before it that has
// not expired, or nil.
func (c *Chain) InForce(e Epoch) *Document {
	for back := Epoch(0); back < protocol.Validity && back <= e; back++ {
		if d := c.Document(e - back); d != nil {
			return d
		}
	}
	return nil
}

// Accept takes d by the rule of Chain. The same document again is fine. What cannot be true beside
// a document at hand is a Contradiction.
func (c *Chain) Accept(d *Document) error {
	if err := d.Verify(c.genesis); err != nil {
		return err
	}
	digest := d.Digest()
	if c.held[d.Epoch].doc != nil && c.held[d.Epoch].digest == digest {
		return nil
	}
	if c.Void(d.Epoch, digest) {
		return fmt.Errorf("%w: of epoch %d", ErrVoid, d.Epoch)
	}
	left := maps.Clone(c.held)
	maps.DeleteFunc(left, func(e Epoch, h held) bool { return d.voids(e, h.digest) })
	if err := fits(left, d, digest); err != nil {
		return err
	}
	left[d.Epoch] = held{d, digest}
	c.held, c.latest = left, newest(left)
	return nil
}

// Void says that a document at hand has the one of an epoch and a digest never serve; of a zero
// digest, that there is such a one of the epoch.
func (c *Chain) Void(e Epoch, digest Digest) bool {
	for _, h := range c.held {
		for _, v := range h.doc.Void {
			if v.Epoch == e && (v.Digest == digest || digest == Digest{}) {
				return true
			}
		}
	}
	return false
}

// before is the newest at hand of an epoch before e, or nil; after are those of later ones, the
// first first.
func (c *Chain) before(e Epoch) (found *Document) {
	for at, h := range c.held {
		if at < e && (found == nil || at > found.Epoch) {
			found = h.doc
		}
	}
	return found
}

func (c *Chain) after(e Epoch) (found []*Document) {
	for _, at := range c.Epochs() {
		if at > e {
			found = append(found, c.held[at].doc)
		}
	}
	return found
}

func newest(all map[Epoch]held) (d *Document) {
	for e, h := range all {
		if d == nil || e > d.Epoch {
			d = h.doc
		}
	}
	return d
}

// fits says whether d can be true beside others.
func fits(all map[Epoch]held, d *Document, digest Digest) error {
	if same := all[d.Epoch].doc; same != nil {
		return &Contradiction{same, d}
	}
	if before, ok := all[d.Epoch-1]; ok && d.Epoch > 0 && d.Previous != before.digest &&
		!d.restarts() {
		return &Contradiction{before.doc, d}
	}
	after, ok := all[d.Epoch+1]
	if ok && after.doc.Previous != digest && !after.doc.restarts() {
		return &Contradiction{d, after.doc}
	}
	if latest := newest(all); !ok && latest != nil && d.Epoch < latest.Epoch {
		return fmt.Errorf("network document of epoch %d is %w, of epoch %d", d.Epoch, ErrOlder,
			latest.Epoch)
	}
	return nil
}

// Forget drops the documents of the epochs before e; the latest stays, and so does the last one
// before a gap that is still to be seen: if the gap is there because the clock was ahead, the next
// document follows that one.
func (c *Chain) Forget(e Epoch) {
	var stays *Document
	if c.latest != nil {
		begins := c.latest.Epoch // of the documents that follow each other up to the latest
		for begins > 0 && c.held[begins-1].doc != nil {
			begins--
		}
		stays = c.before(begins)
	}
	maps.DeleteFunc(c.held, func(old Epoch, h held) bool {
		return old < e && h.doc != c.latest && h.doc != stays
	})
}
