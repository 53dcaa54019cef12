package client

import (
	mathrand "math/rand/v2"
	"time"

	"murmuration/client/sender"
	"murmuration/internal/box"
	"murmuration/internal/directory"
)

// auditTokens is the first token of questions about documents: above letters, below fetches.
const auditTokens = uint64(1) << 61

// audits compare, once an epoch and through the mixnet, the document that this client holds with
// another provider's: who signs two documents for one epoch cannot show each client its own.
type audits struct {
	epoch  directory.Epoch // asked about last
	digest directory.Digest
	at     time.Time // of the next question: a random time of the epoch; zero when not yet drawn
}

// audit asks a provider for the digest of the document in force, when the time has come. The caller
// holds c.state.
func (c *Client) audit(now time.Time) {
	doc, a := c.latest(), &c.audits
	if doc == nil || a.epoch >= doc.Epoch {
		return
	}
	if e, err := c.schedule.Epoch(now); err != nil || e < doc.Epoch {
		return // the next epoch's: others may not have it yet
	}
	if a.at.IsZero() {
		a.at = now.Add(time.Duration(mathrand.Int64N(int64(c.schedule.Length / 2))))
	}
	if now.Before(a.at) {
		return
	}
	r := sender.Request{Token: auditTokens + uint64(doc.Epoch), Op: box.OpDigest, Epoch: doc.Epoch, Try: mathrand.IntN(1 << 10)}
	c.mu.Lock()
	err := c.sender.Enqueue(now, r)
	c.mu.Unlock()
	if err == nil {
		*a = audits{epoch: doc.Epoch, digest: doc.Digest()}
	}
}

// audited takes the answer; a provider that does not have the document says zero. The caller holds
// c.state.
func (c *Client) audited(e sender.Event) {
	said := directory.Digest(e.Reply.Digest)
	if directory.Epoch(e.Reply.Epoch) != c.audits.epoch || said == (directory.Digest{}) || said == c.audits.digest {
		return
	}
	c.log.Warn("another provider has another network document for the same epoch")
	c.mu.Lock()
	defer c.mu.Unlock()
	c.line.split = ErrSplit.With("epoch %d", c.audits.epoch)
}
