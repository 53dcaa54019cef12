package directory

import (
	"errors"
	"fmt"
)

// What a chain refuses beyond a single document's faults.
var (
	// ErrTwoDocuments is proof that at least f+1 authorities signed two documents for one epoch.
	ErrTwoDocuments = errors.New("two network documents for one epoch")
	ErrBrokenChain  = errors.New("network document does not follow the one before it")
	ErrOlder        = errors.New("older than the network document at hand")
)

// Chain is what a client or node believes: the genesis that it was given, and the latest document
// that it accepted. The zero document is accepted from by signatures alone, as is one that is more
// than an epoch later than what is held: t authorities vouch for it.
type Chain struct {
	genesis *Genesis
	latest  *Document
}

// NewChain starts from the genesis, or goes on from a document that an earlier run accepted and kept.
func NewChain(g *Genesis, kept *Document) (*Chain, error) {
	c := &Chain{genesis: g}
	if kept == nil {
		return c, nil
	}
	return c, c.Accept(kept)
}

// Latest is the newest accepted document; nil before the first.
func (c *Chain) Latest() *Document { return c.latest }

// Accept verifies d and makes it the latest. The same document again is fine.
func (c *Chain) Accept(d *Document) error {
	if err := d.Verify(c.genesis); err != nil {
		return err
	}
	if err := c.follows(d); err != nil {
		return err
	}
	c.latest = d
	return nil
}

func (c *Chain) follows(d *Document) error {
	if c.latest == nil {
		return nil
	}
	held := c.latest.Digest()
	switch {
	case d.Epoch < c.latest.Epoch:
		return fmt.Errorf("network document of epoch %d is %w, of epoch %d", d.Epoch, ErrOlder, c.latest.Epoch)
	case d.Epoch == c.latest.Epoch && d.Digest() != held:
		return fmt.Errorf("epoch %d: %w, %s and %s: do not go on, tell the operators", d.Epoch, ErrTwoDocuments, held, d.Digest())
	case d.Epoch == c.latest.Epoch+1 && d.Previous != held:
		return fmt.Errorf("%w: epoch %d names %s, at hand is %s", ErrBrokenChain, d.Epoch, d.Previous, held)
	}
	return nil
}
