package connection

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"murmuration/client/person"
	"murmuration/client/store"
	"murmuration/internal/box"
	"murmuration/internal/counted"
	"murmuration/internal/directory"
	"murmuration/internal/exchange"
)

// dump is all that a connection keeps in a store.
func dump(t *testing.T, s *store.Store) (all string) {
	t.Helper()
	err := s.View(func(tx *store.Tx) error {
		note := func(name string, v any) { all += fmt.Sprintf("%s %v\n", name, v) }
		return errorsOf(
			store.Each(tx, "guards", func(n string, g guards) error { note(n, g); return nil }),
			store.Each(tx, "documents", func(n string, h head) error { note(n, h); return nil }),
			store.Each(tx, "pieces", func(n string, b []byte) error { note(n, b); return nil }))
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func errorsOf(all ...error) error {
	for _, err := range all {
		if err != nil {
			return err
		}
	}
	return nil
}

// TestNoReplyIsKept: whatever a holder says to an audit, nothing that is kept changes, nobody is
// told, and at most it is counted. A status that is new has a row by itself.
func TestNoReplyIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := networkOf(t, calm)
		s := home(t)
		c := n.run(s, "p2")
		await(t, "connection", time.Minute, func() bool { return c.Status().Connected })
		before, differ, rows := dump(t, s), uint64(0), 0
		a := &audits{connection: c.Connection, documents: c.documents, epoch: 2,
			digest: directory.Digest{1}}
		for status := box.Status(0); status < 255; status++ {
			if status.String() == box.Status(0).String() && status > 0 {
				continue // there is none of this number
			}
			for _, kind := range []person.Kind{person.Done, person.Lost, person.Found,
				person.Listed} {
				rows++
				err := a.Answered(time.Now(), person.Answer{Kind: kind,
					Holder: n.genesis.Entries[0].ID, Reply: box.Reply{Status: status, Day: 7,
						Epoch: 2, Digest: [32]byte{2}, Box: box.Box{ID: box.ID{3}}}})
				if status == box.StatusDigest && kind == person.Done {
					differ++
				}
				if s := c.Status(); err != nil || s.Differ != differ || len(s.Faults) != 0 ||
					s.Guard.Name != "p2" {
					t.Errorf("%s, kind %d: %v, %+v", status, kind, err, s)
				}
			}
		}
		if after := dump(t, s); after != before {
			t.Error("what is kept has changed")
		}
		counted.Say(t, "liars", "%d rows of status and kind to an audit, nothing changed", rows)
		if differ == 0 || rows < 8*4 {
			t.Errorf("the control: %d rows, %d counted", rows, differ)
		}
		n.end(c)
	})
}

// TestLyingEntry: whatever stands in the frames of an entry, nothing that is kept changes, the link
// stays, nobody is told, and it is not taken for a reply.
func TestLyingEntry(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	fill := func(b []byte) {
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
	}
	sequence := uint64(0)
	reply := func(frame []byte, number uint64, body int) {
		d := exchange.Down{Sequence: number, Body: make([]byte, body)}
		fill(d.Body)
		fill(d.SURBID[:])
		if err := d.Marshal(frame); err != nil {
			t.Error(err)
		}
	}
	const body = 3000
	for name, answer := range map[string]func(frame []byte){
		"dummies":              dummy,
		"the frame that came":  func([]byte) {},
		"noise":                fill,
		"noise in a dummy":     func(f []byte) { fill(f[32:]); clear(f[:32]) },
		"replies to nothing":   func(f []byte) { sequence++; reply(f, sequence, body) },
		"numbers that go back": func(f []byte) { sequence--; reply(f, sequence, body) },
		"the greatest number":  func(f []byte) { reply(f, 1<<64-1, body) },
		"numbers at random":    func(f []byte) { reply(f, rng.Uint64(), body) },
	} {
		synctest.Test(t, func(t *testing.T) {
			n := newNetwork(t)
			n.answer, sequence = answer, 1<<32
			s := home(t)
			c := n.run(s, "p2")
			await(t, "connection", time.Minute, func() bool { return c.Status().Connected })
			before := dump(t, s)
			<-time.After(3 * time.Minute) // no document comes in, no failure is noted
			now := c.Status()
			n.mu.Lock()
			dials, frames := n.dials, n.frames["p2"]
			n.mu.Unlock()
			if dials != 1 || !now.Connected || len(now.Faults) != 0 || now.Guard.Name != "p2" ||
				!now.LastReply.IsZero() || now.Stats.Replies != 0 || now.Guard.Healthy {
				t.Errorf("%s: %d dials, %+v", name, dials, now)
			}
			r := now.Stats.Refused
			seen := r.Frame + r.Sequence + r.Unknown + r.Reply + now.Stats.Dummies
			if frames < 50 || seen+2 < uint64(frames) {
				t.Errorf("%s: of %d frames %d were counted", name, frames, seen)
			}
			if dump(t, s) != before {
				t.Errorf("%s: what is kept has changed", name)
			}
			n.end(c)
		})
	}
}
