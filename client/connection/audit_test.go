package connection

import (
	"errors"
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
func (*holder) Cancel(uint64) bool { return false }
func (*holder) Handed() []uint64   { return nil }

// audited lives through the epochs from 2 to 10, in each of which a provider is asked once; say
// gives the answer and who gives it, told is called before each end of an epoch.
func audited(t *testing.T, n *network, s *store.Store,
	say func(directory.Epoch) (by byte, digest directory.Digest), told func(Status)) {
	t.Helper()
	c := n.run(s, "p2")
	h := &holder{}
	p := person.New(s)
	c.Join(p)
	if err := p.Begin(time.Now(), h); err != nil {
		t.Fatal(err)
	}
	for e := directory.Epoch(2); e < 11; e++ {
		for time.Now().Before(n.at(e + 1).Add(-2 * person.TurnEvery)) {
			<-time.After(person.TurnEvery)
			if err := p.Turn(time.Now()); err != nil {
				t.Fatal(err)
			}
			for _, r := range h.asked {
				by, digest := say(r.Epoch)
				e := sender.Event{Kind: sender.Answered, Token: r.Token, Op: r.Op,
					Holder: directory.NodeID{by}, Reply: box.Reply{
						Status: box.StatusDigest, Epoch: uint64(r.Epoch), Digest: digest}}
				if err := p.Answered(time.Now(), e); err != nil {
					t.Fatal(err)
				}
			}
			h.asked = nil
		}
		told(c.Status())
		<-time.After(time.Until(n.at(e + 1)))
	}
	n.end(c)
}

// TestAudits ask once an epoch. A digest that differs is counted, and leaves nothing in the store;
// the person is told while three providers say so, and most of those that were asked.
func TestAudits(t *testing.T) {
	all := func(directory.Epoch) bool { return true }
	for name, row := range map[string]struct {
		lies func(directory.Epoch) bool
		by   func(directory.Epoch) byte
		told string // in which epochs, from 2 to 10
	}{
		"nobody lies": {func(directory.Epoch) bool { return false },
			func(e directory.Epoch) byte { return byte(e) }, "---------"},
		"one lie": {func(e directory.Epoch) bool { return e == 4 },
			func(e directory.Epoch) byte { return byte(e) }, "---------"},
		"one who always lies": {all, func(directory.Epoch) byte { return 7 }, "---------"},
		"two who always lie": {all,
			func(e directory.Epoch) byte { return byte(e % 2) }, "---------"},
		"three lie": {all,
			func(e directory.Epoch) byte { return byte(e % 3) }, "--!!!!!!!"},
		"three lie and then nobody": {func(e directory.Epoch) bool { return e < 5 },
			func(e directory.Epoch) byte { return byte(e) }, "--!!!----"},
	} {
		synctest.Test(t, func(t *testing.T) {
			n := networkOf(t, calm)
			s := home(t)
			asked, lies, told := 0, uint64(0), ""
			audited(t, n, s, func(e directory.Epoch) (byte, directory.Digest) {
				asked++
				d := n.docs[e].Digest()
				if row.lies(e) {
					lies++
					d[0] ^= 1
				}
				return row.by(e), d
			}, func(s Status) {
				sign := "-"
				if len(s.Faults) == 1 && errors.Is(s.Faults[0], errDoubted) {
					sign = "!"
				} else if len(s.Faults) != 0 {
					t.Errorf("%s: %v", name, s.Faults)
				}
				told += sign
				if s.Differ != lies {
					t.Errorf("%s: %d lies were told, %d counted", name, lies, s.Differ)
				}
			})
			if asked != 9 || told != row.told {
				t.Errorf("%s: asked %d times, told %s, want %s", name, asked, told, row.told)
			}
			if again := n.open(s, ""); len(again.Status().Faults)+len(again.Findings()) != 0 {
				t.Errorf("%s: after a restart: %v", name, again.Status().Faults)
			}
		})
	}
}

// TestSplitIsRemembered: two signed documents that contradict each other stay in the status, over a
// restart too, until they are judged.
func TestSplitIsRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := networkOf(t, calm)
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
		if len(faults) != 1 || !errors.Is(faults[0], errSplit) || len(again.Findings()) != 1 {
			t.Errorf("after a restart: %v", faults)
		}
		if err := again.Judge(); err != nil || len(n.open(s, "").Status().Faults) != 0 {
			t.Errorf("judged: %v", err)
		}
	})
}
