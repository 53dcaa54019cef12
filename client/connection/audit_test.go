package connection

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"murmuration/client/person"
	"murmuration/client/sender"
	"murmuration/client/store"
	"murmuration/internal/box"
	"murmuration/internal/directory"
)

// holder is a sender whose requests are answered by the test.
type holder struct{ asked []sender.Request }

func (h *holder) Enqueue(_ time.Time, r sender.Request) error {
	h.asked = append(h.asked, r)
	return nil
}
func (*holder) Cancel(uint64)       {}
func (*holder) Watch(sender.Target) {}
func (*holder) Unwatch(uint64)      {}
func (*holder) Handed() []uint64    { return nil }

// audited lives through the epochs from 3 on, in each of which a provider is asked once; say gives
// its answer.
func audited(t *testing.T, n *network, s *store.Store,
	say func(directory.Epoch) directory.Digest) (asked []directory.Epoch, faults []error) {
	t.Helper()
	c := n.run(s, "p2")
	h := &holder{}
	p := person.New(s)
	c.Join(p)
	if err := p.Begin(time.Now(), h); err != nil {
		t.Fatal(err)
	}
	for time.Now().Before(n.at(6)) {
		<-time.After(person.TurnEvery)
		if err := p.Turn(time.Now()); err != nil {
			t.Fatal(err)
		}
		for _, r := range h.asked {
			asked = append(asked, r.Epoch)
			digest := say(r.Epoch)
			e := sender.Event{Kind: sender.Answered, Token: r.Token, Op: r.Op,
				Holder: n.genesis.Entries[2].ID,
				Reply:  box.Reply{Status: box.StatusDigest, Epoch: uint64(r.Epoch), Digest: digest}}
			if err := p.Answered(time.Now(), e); err != nil {
				t.Fatal(err)
			}
		}
		h.asked = nil
	}
	faults = c.Status().Faults
	n.end(c)
	return asked, faults
}

// TestAudits ask once an epoch. A digest that differs is kept, over a restart too, with who said
// it; it is no proof, and nobody is told to leave the network for it.
func TestAudits(t *testing.T) {
	for _, honest := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			n := newNetwork(t)
			s := home(t)
			asked, faults := audited(t, n, s, func(e directory.Epoch) directory.Digest {
				d := n.docs[e].Digest()
				if !honest && e == 4 {
					d[0] ^= 1
				}
				if e == 5 {
					d = directory.Digest{} // it has no such document
				}
				return d
			})
			if len(asked) != 4 || asked[0] != 2 || asked[3] != 5 {
				t.Errorf("asked about the epochs %v", asked)
			}
			if honest != (len(faults) == 0) {
				t.Fatalf("honest %v: %v", honest, faults)
			}
			if honest {
				return
			}
			again := n.open(s, "").Status().Faults
			if len(again) != 1 || !errors.Is(again[0], errUnconfirmed) ||
				!strings.Contains(again[0].Error(), n.genesis.Entries[2].Name+" said") ||
				!strings.Contains(again[0].Error(), "at 2026-") ||
				strings.Contains(errUnconfirmed.Hint(), "not use") {
				t.Errorf("after a restart: %v", again)
			}
		})
	}
}

// TestSplitIsRememberd: two signed documents that contradict each other stay in the status, over a
// restart too, until they are judged.
func TestSplitIsRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		s := home(t)
		c := n.run(s, "")
		await(t, "connection", time.Minute, func() bool { return c.Status().Connected })
		other := *n.docs[3]
		other.Previous[0] ^= 1
		other.Signatures = nil
		other.Sign(n.author)
		n.mu.Lock()
		n.serves = func(e directory.Epoch) *directory.Document {
			if e == 3 {
				return &other
			}
			return n.docs[e]
		}
		n.mu.Unlock()
		<-time.After(time.Until(n.at(4).Add(time.Minute)))
		n.mu.Lock()
		n.serves = func(e directory.Epoch) *directory.Document { return n.docs[e] }
		n.mu.Unlock()
		<-time.After(time.Until(n.at(6)))
		n.end(c)
		if s := c.Status(); s.Document.Epoch < 6 || !s.Connected {
			t.Errorf("the client did not go on: %+v", s)
		}
		again := n.open(s, "")
		faults := again.Status().Faults
		if len(faults) != 1 || !errors.Is(faults[0], errSplit) || !again.Findings()[0].Proven() {
			t.Errorf("after a restart: %v", faults)
		}
		if err := again.Judge(); err != nil || len(n.open(s, "").Status().Faults) != 0 {
			t.Errorf("judged: %v", err)
		}
	})
}
