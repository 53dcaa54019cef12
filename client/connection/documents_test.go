package connection

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/link"
)

// TestDocumentsComeFromTheGuard, which is the one that served the first of them: nobody else learns
// that there is a client at this address. Each is asked for under another key.
func TestDocumentsComeFromTheGuard(t *testing.T) {
	for _, first := range []string{"", "p1"} {
		synctest.Test(t, func(t *testing.T) {
			n := networkOf(t, calm)
			c := n.run(home(t), first)
			<-time.After(4 * n.genesis.Parameters.EpochLength)
			guard := c.Status().Guard
			n.end(c)
			n.mu.Lock()
			defer n.mu.Unlock()
			keys := map[link.PublicKey]bool{}
			for _, a := range n.askers {
				if keys[a.key] || n.spools[a.key] {
					t.Error("a key asks for documents twice, or has a spool")
				}
				keys[a.key] = true
				if a.of != guard.Name || first != "" && a.of != first {
					t.Errorf("%s is asked for a document; the guard is %s", a.of, guard.Name)
				}
			}
			if len(keys) < 5 || len(n.spools) != 1 || n.frames[guard.Name] == 0 {
				t.Errorf("the control: %d documents fetched, %d spools", len(keys), len(n.spools))
			}
		})
	}
}

// TestFirstDocumentIsAskedOfOthers when an entry of the genesis is away, and whoever served it is
// the guard.
func TestFirstDocumentIsAskedOfOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := networkOf(t, calm)
		n.close("p1", "p3")
		c := n.run(home(t), "")
		await(t, "connection", time.Minute, func() bool { return c.Status().Connected })
		if got := c.Status().Guard.Name; got != "p2" {
			t.Errorf("the guard is %s", got)
		}
		n.end(c)
	})
}

// TestDocumentsWithoutTheGuard: while the guard in use is away, or has moved, the other one is
// asked for documents within the epoch, and nobody else: so a new address is known. The control
// is that both are away: then the others are asked, and not before no document serves any more.
func TestDocumentsWithoutTheGuard(t *testing.T) {
	for _, both := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			n := networkOf(t, calm)
			c := n.run(n.with(0, "p2", "p3"), "")
			await(t, "connection", time.Minute, func() bool { return c.Status().Connected })
			if n.close("p2"); both {
				n.close("p2", "p3")
			}
			length := n.genesis.Parameters.EpochLength
			other := func() bool { // p1 was asked
				n.mu.Lock()
				defer n.mu.Unlock()
				return slices.ContainsFunc(n.askers, func(a asker) bool { return a.of == "p1" })
			}
			<-time.After(time.Until(n.at(3).Add(length * 3 / 4)))
			if got := c.Status().Document.Epoch; got >= 3 == both || other() {
				t.Errorf("both away %v: in epoch 3 that of %d is here; p1 asked %v", both, got,
					other())
			}
			<-time.After(time.Until(n.at(6).Add(length / 2)))
			want := directory.Epoch(6)
			if both {
				want = 5 // which serves, and the guards are asked again; by luck of the waits, 6
			}
			if got := c.Status().Document.Epoch; got < want || got > 6 || other() != both {
				t.Errorf("both away %v: in epoch 6 that of %d is here; p1 asked %v", both, got,
					other())
			}
			n.end(c)
		})
	}
}

// TestForgedDocumentIsRefused: somebody signs who is no authority; later the authority does.
func TestForgedDocumentIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		honest := n.serves
		n.serves = func(e directory.Epoch) *directory.Document {
			forged := *n.docs[e]
			forged.Signatures = nil
			forged.Sign(directory.NewIdentity([32]byte{66}))
			return &forged
		}
		c := n.run(home(t), "")
		<-time.After(5 * time.Minute)
		if s := c.Status(); s.Connected || s.Document != nil || len(s.Faults) == 0 {
			t.Errorf("with a forged document: %+v", s)
		}
		n.mu.Lock()
		n.serves = honest
		n.mu.Unlock()
		await(t, "connection", time.Hour, func() bool { return c.Status().Connected })
		n.end(c)
	})
}

// TestStartAtTheEndOfAnEpoch begins when the next document is there already: with the current one
// beside it, and without.
func TestStartAtTheEndOfAnEpoch(t *testing.T) {
	for _, hide := range []directory.Epoch{0, 2} {
		synctest.Test(t, func(t *testing.T) {
			n := networkOf(t, calm)
			n.hide = hide
			<-time.After(time.Until(n.at(3).Add(-50 * time.Second)))
			s := home(t)
			for range 2 { // once more after a restart
				c := n.run(s, "")
				<-time.After(20 * time.Second)
				now := c.Status()
				if now.Connected == (hide != 0) {
					t.Errorf("hidden %d: connected %v before the epoch", hide, now.Connected)
				}
				if hide != 0 && (len(now.Faults) == 0 || !errors.Is(now.Faults[0], errNoDocument)) {
					t.Errorf("without a document for now: %v", now.Faults)
				}
				n.end(c)
			}
			c := n.run(s, "")
			<-time.After(time.Until(n.at(3).Add(time.Minute)))
			if now := c.Status(); !now.Connected || now.Document.Epoch != 3 ||
				len(now.Faults) != 0 {
				t.Errorf("hidden %d, after the epoch's beginning: %+v", hide, now)
			}
			n.end(c)
		})
	}
}

// TestWrongClocks end a client that starts with one, with both times.
func TestWrongClocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		later := *n.genesis
		later.Start = later.Start.Add(1000 * time.Hour)
		n.genesis = &later
		err := n.open(home(t), "").Run(t.Context())
		if !errors.Is(err, ErrClock) || strings.Count(err.Error(), "2026-") < 2 {
			t.Errorf("a clock before the network's start: %v", err)
		}
	})
}

// TestUnusableDocument: a document that asks for longer paths than a sender can build ends no
// client, which goes on by the one before.
func TestUnusableDocument(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		c := n.run(home(t), "")
		await(t, "connection", time.Minute, func() bool { return c.Status().Connected })
		long := *n.docs[3]
		long.Parameters.Layers++
		u := user{c.Connection, t.Context()}
		if err := u.Prepare(&long); err != nil {
			t.Fatalf("it ends the client: %v", err)
		}
		if s := c.Status(); len(s.Faults) != 1 || !errors.Is(s.Faults[0], errUnusable) ||
			!s.Connected {
			t.Errorf("it is not told: %v", s.Faults)
		}
		<-time.After(time.Until(n.at(4).Add(time.Minute)))
		if s := c.Status(); len(s.Faults) != 0 || !s.Connected || s.Stats.Silent != 0 {
			t.Errorf("with other documents: %+v", s)
		}
		n.end(c)
	})
}
