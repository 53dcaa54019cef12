package connection

import (
	mrand "math/rand/v2"
	"strings"
	"time"

	"murmuration/client/guard"
	"murmuration/client/person"
	"murmuration/client/store"
	"murmuration/internal/box"
	"murmuration/internal/directory"
	"murmuration/internal/documents"
)

// audits compare, once an epoch and through the mixnet, the document that this client holds with
// another provider's: who signs two documents for one epoch cannot show each client its own. They
// are a person.Part without a bucket: what somebody says and does not sign leaves nothing behind.
type audits struct {
	connection *Connection
	documents  *documents.Set
	schedule   directory.Schedule
	access     *person.Access
	rng        *mrand.Rand

	epoch  directory.Epoch // asked about last
	digest directory.Digest
	at     time.Time // of the next question: a random time of the epoch; zero when not yet drawn
}

// Join makes the audits of this connection a part of a person.
func (c *Connection) Join(p *person.Person) {
	a := &audits{connection: c, documents: c.documents, schedule: c.cfg.Genesis.Schedule(),
		rng: generator()}
	a.access = p.Join(a)
}

// Load has nothing to take up.
func (a *audits) Load(*store.Tx) error { return nil }

// Supply does nothing: Turn asks.
func (a *audits) Supply(time.Time) error { return nil }

// Turn asks a provider for the digest of the document in force, when the time has come.
func (a *audits) Turn(now time.Time) error {
	doc := a.documents.Current()
	if doc == nil || a.epoch >= doc.Epoch {
		return nil
	}
	if a.at.IsZero() {
		a.at = now.Add(time.Duration(a.rng.Int64N(int64(a.schedule.Length / 2))))
	}
	if now.Before(a.at) {
		return nil
	}
	r := person.Request{Op: box.OpDigest, Epoch: doc.Epoch, Try: a.rng.IntN(1 << 10)}
	if a.access.Enqueue(now, uint64(doc.Epoch), r) == nil {
		a.epoch, a.digest, a.at = doc.Epoch, a.documents.Digest(doc.Epoch), time.Time{}
	}
	return nil
}

// Answered takes the digest; a provider that does not have the document says zero. Another digest
// is no proof: one liar can say it, and nobody has signed it.
func (a *audits) Answered(_ time.Time, e person.Answer) error {
	said := directory.Digest(e.Reply.Digest)
	if e.Kind != person.Done || e.Reply.Status != box.StatusDigest ||
		directory.Epoch(e.Reply.Epoch) != a.epoch || said == (directory.Digest{}) {
		return nil
	}
	a.connection.said(guard.Saying{Epoch: a.epoch, Provider: e.Holder, Differs: said != a.digest})
	return nil
}

// said takes what a provider said of a document.
func (c *Connection) said(s guard.Saying) {
	c.state.Lock()
	defer c.state.Unlock()
	c.doubts.Add(s)
}

// doubted is what the status says about digests that differ. The caller holds state.
func (c *Connection) doubted(now directory.Epoch) error {
	c.doubts.Forget(now)
	against := c.doubts.Against()
	if len(against) == 0 {
		return nil
	}
	var names []string
	for _, id := range against {
		names = append(names, c.nameOf(id))
	}
	return errDoubted.With("%s", strings.Join(names, ", "))
}

// nameOf is what the newest document calls a provider.
func (c *Connection) nameOf(id directory.NodeID) string {
	if doc := c.documents.Latest(); doc != nil {
		if node, ok := doc.Node(id); ok {
			return node.Name
		}
	}
	return id.String()
}
