package node

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/bulletin"
	"murmuration/internal/directory"
	"murmuration/provider"
)

// TestAdriftIsNoDisk: a clock that is off is said as such, once, and as no trouble with a disk.
func TestAdriftIsNoDisk(t *testing.T) {
	par, err := directory.Defaults("x25519")
	if err != nil {
		t.Fatal(err)
	}
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	now := start.Add(100 * par.BulletinEvery)
	self := directory.NewIdentity([32]byte{1})
	genesis := &directory.Genesis{Start: start, Parameters: par}
	doc := &directory.Document{Parameters: par, Storing: []directory.StoringSet{{}}}
	store := box.NewMemStore(0)
	core, err := provider.NewBulletins(provider.BulletinsConfig{Genesis: genesis, Identity: self,
		Store: store}, now)
	if err != nil {
		t.Fatal(err)
	}
	var others []*directory.Identity
	for seed := range byte(3) {
		others = append(others, directory.NewIdentity([32]byte{2 + seed}))
		doc.Storing[0].Nodes = append(doc.Storing[0].Nodes, others[seed].ID())
	}
	doc.Storing[0].Nodes = append(doc.Storing[0].Nodes, self.ID())
	core.SetDocument(doc)
	var said strings.Builder
	b := &bulletins{core: core, log: slog.New(slog.NewTextHandler(&said, nil))}
	// others that are late say nothing of the clock here; others that are early do
	for i, off := range []int{-10, -10, -10, 2, 2, 2} {
		if i == 3 {
			b.adrift = false // it is told anew
		}
		now = now.Add(par.BulletinEvery)
		for _, o := range others {
			x := bulletin.Body{Network: genesis.ID(), Maker: o.ID(), Slot: box.Slot(100 + i + off)}
			_ = core.Take(now, x.Sign(o.PrivateKey())) // heard, though it is early
		}
		if err := b.make(now); err != nil {
			t.Errorf("it is told as trouble: %v", err)
		}
		late, wrong := strings.Count(said.String(), "come late"),
			strings.Count(said.String(), "clock of this computer")
		if i%3 == 2 && (late != 1 || wrong != i/3) {
			t.Errorf("late is said %d times, a wrong clock %d times: %s", late, wrong, &said)
		}
	}

	// a bulletin of a slot that has not come: the clock was ahead, and is right
	said.Reset()
	at := now.Add(time.Hour)
	if err := store.Publish(0, box.Slot(at.Sub(start)/par.BulletinEvery),
		(&bulletin.Body{Network: genesis.ID(), Maker: self.ID()}).Marshal(), nil); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		now = now.Add(par.BulletinEvery)
		if err := b.make(now); err != nil {
			t.Errorf("it is told as trouble: %v", err)
		}
	}
	if n := strings.Count(said.String(), "was ahead"); n != 1 ||
		!strings.Contains(said.String(), at.UTC().Format("2006-01-02T15:")) {
		t.Errorf("said %d times: %s", n, said.String())
	}
}
