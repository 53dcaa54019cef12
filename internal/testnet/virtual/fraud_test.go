package virtual

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/bulletin"
	"murmuration/internal/directory"
	"murmuration/internal/long"
	"murmuration/internal/testnet"
)

// TestFalseMakerIsLeftOut: one provider has a proof of fraud on its disk. After a start it tells
// all others, who keep it, and their clients, who tell their person once; the authority leaves the
// maker out of the storing sets of new days, and of nobody else. Days that were fixed before stay.
func TestFalseMakerIsLeftOut(t *testing.T) {
	long.Only(t)
	plan := Plan(t)
	plan.Providers = 4
	plan.Start = time.Time{}.Add(17 * time.Hour) // the next day is near
	slow(&plan.Parameters)
	p := &plan.Parameters
	p.PayloadEvery, p.LoopEvery, p.DropEvery = 20*time.Minute, 20*time.Minute, 20*time.Minute
	homes := t.TempDir()
	Run(t, plan, testnet.Options{}, func(n *Net) {
		ada := person(n, homes, "ada")
		n.Pass(2 * time.Hour)
		liar := n.Nodes[3]
		proof := forge(t, n, liar)
		if err := n.stop("provider-2"); err != nil {
			t.Fatal(err)
		}
		file := func(name string) string {
			return filepath.Join(plan.Dir, name, "frauds", proof.A.Maker.String()+".fraud")
		}
		if err := os.WriteFile(file("provider-2"), proof.Marshal(), 0o600); err != nil {
			t.Fatal(err)
		}
		n.Pass(time.Hour)
		if found := ada.Findings(); len(found) > 0 {
			t.Fatalf("before anybody said it: %+v", found)
		}
		n.Start("provider-2")
		n.Pass(2 * time.Hour)
		for _, name := range []string{"provider-1", "provider-2", "provider-3", "provider-4"} {
			if raw, err := os.ReadFile(file(name)); err != nil || !bytes.Equal(raw,
				proof.Marshal()) {
				t.Errorf("%s does not have the proof: %v", name, err)
			}
		}
		found := ada.Findings()
		if len(found) != 1 || !bytes.Equal(found[0].Evidence, proof.Marshal()) {
			t.Errorf("a person is told %+v", found)
		}
		n.Pass(8 * time.Hour)
		e, err := n.Genesis.Schedule().Epoch(time.Now())
		if err != nil {
			t.Fatal(err)
		}
		doc := n.Document("provider-3", e)
		for day := range uint16(3) {
			stores := doc.StoringOn(day)
			others := 0
			for _, node := range n.Nodes[:3] {
				if slices.Contains(stores, directory.NodeID(node.Key())) {
					others++
				}
			}
			if out := !slices.Contains(stores, proof.A.Maker); out != (day == 2) || others != 3 {
				t.Errorf("day %d: left out is %t, and %d others store", day, out, others)
			}
		}
	})
}

// forge is two bodies that a provider signs for one slot.
func forge(t *testing.T, n *Net, liar *testnet.Node) bulletin.Fraud {
	raw, err := os.ReadFile(filepath.Join(liar.Dir, "identity.key"))
	if err != nil {
		t.Fatal(err)
	}
	id := directory.NewIdentity([32]byte(raw[:32]))
	b := bulletin.Body{Network: n.Genesis.ID(), Maker: id.ID(), Slot: 1}
	one := b.Sign(id.PrivateKey())
	b.Entries = []box.Entry{{1}}
	return bulletin.NewFraud(one, b.Sign(id.PrivateKey()))
}
