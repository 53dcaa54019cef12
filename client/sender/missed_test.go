package sender_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"murmuration/client/sender"
	"murmuration/internal/directory"
	"murmuration/internal/protocol"
	"murmuration/internal/sphinx"
)

// TestMissedDocument: a provider that is away while descriptors are handed in is not in the next
// document, nor in the one after it if it is away again, and what its people send and get is as
// ever, with its keys of the last document that has it. The control is the epoch after these, for
// which nobody has its key: nothing leaves.
func TestMissedDocument(t *testing.T) {
	par := testParameters()
	par.EpochLength, par.SlowDelay = 8*time.Minute, 0
	par.Grace = protocol.KeyGrace(par.EpochLength)
	w := newNetwork(t, 1, par)
	p := w.join(1, 1)
	at := func(e directory.Epoch, eighths time.Duration) {
		w.until(w.Genesis().Schedule().StartOf(e).Add(eighths * par.EpochLength / 8))
	}
	for e := range directory.Epoch(4) {
		at(e, 0)
		if _, listed := w.Document(e).Node(w.Node("p2").ID()); listed != (e < 2) {
			t.Fatalf("epoch %d: listed %v", e, listed)
		}
		if e > 0 {
			w.Node("p2").Crash(true)
			at(e, 4)
			if err := w.Node("p2").Start(); err != nil {
				t.Fatal(err)
			}
		}
		at(e, 5)
		before := p.Stats()
		at(e, 7)
		got, silent := p.Stats().Replies-before.Replies, p.Stats().Silent-before.Silent
		if usual := uint64(2 * time.Minute / time.Second); e < 4 && (got < usual || silent > 0) {
			t.Errorf("epoch %d: %d replies, want %d, and %d silent slots", e, got, usual, silent)
		}
	}
	at(4, 1)
	before := p.Stats()
	at(4, 3)
	if got := p.Stats(); got.Replies > before.Replies || got.Silent == before.Silent {
		t.Errorf("control: %d replies without a key", got.Replies-before.Replies)
	}
}

// TestNextKeyOfAMissedProvider: where its last document has no key for the next epoch, packets keep
// to that of their own until the epoch begins.
func TestNextKeyOfAMissedProvider(t *testing.T) {
	w := newNetwork(t, 1, testParameters())
	schedule, own := w.Genesis().Schedule(), w.Node("p2").ID()
	without := func(e directory.Epoch) *directory.Document {
		doc := *w.Current()
		doc.Epoch = e
		doc.Nodes = slices.DeleteFunc(slices.Clone(doc.Nodes),
			func(n directory.Node) bool { return n.ID == own })
		return &doc
	}
	s, err := sender.New(sender.Config{Rand: rand.NewChaCha8([32]byte{1}), Schedule: schedule,
		Document: w.Current(), Provider: own, Spool: sphinx.RecipientID{1},
		Now: schedule.StartOf(3).Add(-time.Minute)})
	if err == nil {
		err = s.SetDocument(without(2))
	}
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if _, ok := s.Due(s.Next()); !ok {
			t.Fatal("a slot is silent before the last key is over")
		}
	}
	if err := s.SetDocument(without(3)); err != nil {
		t.Fatal(err)
	}
	for s.Next().Before(schedule.StartOf(3)) {
		s.Due(s.Next())
	}
	if _, ok := s.Due(s.Next()); ok {
		t.Error("control: a slot is used when it is over")
	}
}
