package sender_test

import (
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"murmuration/client/sender"
	"murmuration/internal/box"
	"murmuration/internal/directory"
	"murmuration/internal/sphinx"
)

// metered counts what is read.
type metered struct {
	io.Reader
	n int64
}

func (m *metered) Read(b []byte) (int, error) {
	n, err := m.Reader.Read(b)
	m.n += int64(n)
	return n, err
}

// TestSlotWithoutRandomnessIsSilent: no packet leaves that lacks a byte of its randomness, and no
// reply to it is awaited. Each stream is met.
func TestSlotWithoutRandomnessIsSilent(t *testing.T) {
	w := newNetwork(t, 1, testParameters())
	id := w.Node("p1").ID()
	slot := func(seed byte, random io.Reader) (*sender.Sender, sender.Sent, bool) {
		s, err := sender.New(sender.Config{
			Seed: [32]byte{seed}, Rand: random, Schedule: w.Genesis().Schedule(),
			Document: w.Current(), Provider: id, Spool: sphinx.RecipientID{1}, Now: w.Now(),
		})
		if err != nil {
			t.Fatal(err)
		}
		sent, ok := s.Due(s.Next())
		return s, sent, ok
	}
	met := map[sender.Stream]bool{}
	for seed := range byte(12) {
		all := &metered{Reader: rand.NewChaCha8([32]byte{seed})}
		_, sent, ok := slot(seed, all)
		if !ok || all.n == 0 {
			t.Fatal("the control: nothing is sent")
		}
		if met[sent.Stream] {
			continue
		}
		met[sent.Stream] = true
		for budget := int64(0); budget < all.n; budget += 1 + all.n/64 {
			random := io.LimitReader(rand.NewChaCha8([32]byte{seed}), budget)
			s, _, ok := slot(seed, random)
			if ok || s.Stats().Silent != 1 || s.Awaited() != 0 {
				t.Errorf("%v with %d of %d bytes: sent %v, %d awaited", sent.Stream, budget, all.n,
					ok, s.Awaited())
			}
		}
	}
	if len(met) != 3 {
		t.Errorf("met the streams %v", met)
	}
}

// TestUnlistedProviderIsSilent: a document without our provider makes no packets.
func TestUnlistedProviderIsSilent(t *testing.T) {
	w := newNetwork(t, 1, testParameters())
	p := w.join(0, 1)
	doc := *w.Current()
	doc.Nodes = slices.DeleteFunc(slices.Clone(doc.Nodes), func(n directory.Node) bool {
		return n.ID == w.Node("p1").ID()
	})
	if err := p.SetDocument(&doc); err != nil {
		t.Fatal(err)
	}
	w.run(20 * time.Second)
	if len(p.sent) != 0 || p.Stats().Silent == 0 || p.Awaited() != 0 {
		t.Errorf("%d packets, %d silent slots", len(p.sent), p.Stats().Silent)
	}
}

// TestDayThatIsOver: a request that no holder takes any more shows on no wire: its slots carry
// what nobody waits for.
func TestDayThatIsOver(t *testing.T) {
	w := newNetwork(t, 1, testParameters())
	p := w.join(0, 1)
	doc := *w.Current()
	day, today := uint32(0), uint32(0)
	for _, set := range doc.Storing {
		day = max(day, uint32(set.Day))
	}
	if day == today {
		t.Fatal("the document knows one day only")
	}
	r := sender.Request{Token: 1, Op: box.OpTombstone, Day: box.Day(day),
		Box: box.Box{ID: box.ID{1}}}
	if err := p.Enqueue(w.Now(), r); err != nil {
		t.Fatal(err)
	}
	doc.Storing = slices.DeleteFunc(slices.Clone(doc.Storing),
		func(set directory.StoringSet) bool { return uint32(set.Day) == day })
	if err := p.SetDocument(&doc); err != nil {
		t.Fatal(err)
	}
	w.run(time.Minute)
	for _, sent := range p.sent {
		if sent.Work {
			t.Fatal("a request of a day that is over was sent")
		}
	}
	if len(p.sent) < 60 || p.Stats().Silent != 0 || p.Waiting() != 1 {
		t.Errorf("%d packets, %d silent slots", len(p.sent), p.Stats().Silent)
	}
}

// TestLongerPathsAreRefused, though each of the layers has a node.
func TestLongerPathsAreRefused(t *testing.T) {
	w := newNetwork(t, 1, testParameters())
	p := w.join(0, 1)
	doc := *w.Current()
	doc.Nodes = slices.Clone(doc.Nodes)
	for i := range doc.Nodes {
		if doc.Nodes[i].ID == w.Node("m6").ID() {
			doc.Nodes[i].Layer++
		}
	}
	doc.Parameters.Layers++
	if err := p.SetDocument(&doc); !errors.Is(err, sender.ErrDocument) {
		t.Errorf("paths of another length: %v", err)
	}
}

// TestPreparedPacketIsKept, unless the document that it was built with is replaced.
func TestPreparedPacketIsKept(t *testing.T) {
	par := testParameters()
	par.EpochLength = 3 * time.Minute
	par.SlowDelay = 0
	w := newNetwork(t, 1, par)
	w.carries = nothing
	w.until(genesis.Add(par.EpochLength + 30*time.Second))
	p := w.join(0, 1)
	p.Prepare()
	first := p.Prepared()
	p.Prepare()
	if first == nil || p.Prepared() != first {
		t.Error("the packet was built twice")
	}
	next, same := *w.Current(), *w.Current()
	next.Epoch++
	if err := p.SetDocument(&next); err != nil || p.Prepared() != first {
		t.Errorf("the document of the next epoch dropped a packet of this one: %v", err)
	}
	if err := p.SetDocument(&same); err != nil || p.Prepared() != nil {
		t.Errorf("a packet of a document that was replaced is kept: %v", err)
	}
}

// TestWhatComesIsCounted: dummies, and numbers that went back.
func TestWhatComesIsCounted(t *testing.T) {
	w, p, good := hostile(t)
	before := p.Stats()
	if _, err := p.Receive(w.Now(), make([]byte, len(good))); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		_, _ = p.Receive(w.Now(), slices.Clone(good))
	}
	after := p.Stats()
	if after.Dummies != before.Dummies+1 || after.Replies != before.Replies+1 ||
		after.Refused.Sequence != before.Refused.Sequence+1 {
		t.Errorf("%+v, then %+v", before, after)
	}
}

// TestSlotsWithoutAConnectionAreForgotten, however few: nothing catches up.
func TestSlotsWithoutAConnectionAreForgotten(t *testing.T) {
	w := newNetwork(t, 1, testParameters())
	p := w.join(0, 1)
	at := p.Next().Add(3 * time.Second)
	p.Prepare()
	p.Connect(at, 0)
	if p.Prepared() != nil {
		t.Error("a packet of a slot that is forgotten is kept")
	}
	if p.Next().Before(at) {
		t.Errorf("the next slot is %v before the connection", at.Sub(p.Next()))
	}
}
