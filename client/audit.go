package client

import (
	mathrand "math/rand/v2"
	"time"

	"murmuration/client/person"
	"murmuration/client/store"
	"murmuration/internal/box"
	"murmuration/internal/directory"
)

// audits compare, once an epoch and through the mixnet, the document that this client holds with
// another provider's: who signs two documents for one epoch cannot show each client its own. They are
// a Part without a bucket.
type audits struct {
	client *Client
	lane   *person.Lane
	epoch  directory.Epoch // asked about last
	digest directory.Digest
	at     time.Time // of the next question: a random time of the epoch; zero when not yet drawn
}

func newAudits(c *Client) {
	a := &audits{client: c}
	a.lane = c.person.Join(a)
}

// Load has nothing to take up.
func (a *audits) Load(*store.Tx) error { return nil }

// Supply does nothing: Turn asks.
func (a *audits) Supply(time.Time) error { return nil }

// Turn asks a provider for the digest of the document in force, when the time has come.
func (a *audits) Turn(now time.Time) error {
	doc, schedule := a.client.latest(), a.client.schedule
	if doc == nil || a.epoch >= doc.Epoch {
		return nil
	}
	if e, err := schedule.Epoch(now); err != nil || e < doc.Epoch {
		return nil // the next epoch's: others may not have it yet
	}
	if a.at.IsZero() {
		a.at = now.Add(time.Duration(mathrand.Int64N(int64(schedule.Length / 2))))
	}
	if now.Before(a.at) {
		return nil
	}
	r := person.Request{Op: box.OpDigest, Epoch: doc.Epoch, Try: mathrand.IntN(1 << 10)}
	if a.lane.Enqueue(now, uint64(doc.Epoch), r) == nil {
		a.epoch, a.digest, a.at = doc.Epoch, doc.Digest(), time.Time{}
	}
	return nil
}

// Answered takes the digest; a provider that does not have the document says zero.
func (a *audits) Answered(_ time.Time, e person.Answer) error {
	said := directory.Digest(e.Reply.Digest)
	if e.Kind == person.Lost || directory.Epoch(e.Reply.Epoch) != a.epoch ||
		said == (directory.Digest{}) || said == a.digest {
		return nil
	}
	a.lane.Tell(ErrSplit.Error(), ErrSplit.Hint())
	a.client.mu.Lock()
	defer a.client.mu.Unlock()
	a.client.line.split = ErrSplit.With("epoch %d", a.epoch)
	return nil
}
