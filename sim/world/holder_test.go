package world

import (
	"slices"
	"testing"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/box/boxtest"
)

// replicaFaults keep a holder from a box of another one, until they are undone; the first is the
// control, which keeps it from nothing.
var replicaFaults = []struct {
	name       string
	do, undone func(w *World, to *Node) error
}{
	{"nothing", nil, nil},
	{"a partition",
		func(w *World, to *Node) error { w.Links.Part(to); return nil },
		func(w *World, to *Node) error { w.Links.Heal(); return nil }},
	{"a crash",
		func(w *World, to *Node) error { to.Crash(true); return nil },
		func(w *World, to *Node) error { return to.Start() }},
	{"a full disk",
		func(w *World, to *Node) error { to.Holder().Fill(true); return nil },
		func(w *World, to *Node) error { to.Holder().Fill(false); return nil }},
}

// TestReplicasWaitForWhoCannotTakeThem: a box reaches its other holder when that one is there,
// within reach and has room, and not before.
func TestReplicasWaitForWhoCannotTakeThem(t *testing.T) {
	for _, fault := range replicaFaults {
		w, err := New(Config{Seed: 1, Network: Network{
			Providers: []string{"p1", "p2", "p3"},
			Layers:    [][]string{{"m1"}, {"m2"}, {"m3"}},
		}})
		if err != nil {
			t.Fatal(err)
		}
		from, to := w.Node("p1"), w.Node("p2")
		day, b := shared(w, from, to)
		if _, err := from.holder.store.Write(day, b, box.Token{}, box.Holder(to.ID())); err != nil {
			t.Fatal(err)
		}
		step := func(act func(*World, *Node) error) (has bool) {
			if act != nil {
				if err := act(w, to); err != nil {
					t.Fatal(err)
				}
			}
			from.holder.replicate()
			if err := w.Run(2 * time.Second); err != nil {
				t.Fatal(err)
			}
			_, status, err := to.holder.store.MemStore.Read(day, b.ID)
			return err == nil && status == box.StatusFound
		}
		if has := step(fault.do); has != (fault.do == nil) {
			t.Errorf("%s: the other holder has the box: %v", fault.name, has)
		}
		if !step(fault.undone) {
			t.Errorf("%s, undone: the other holder has not got the box", fault.name)
		}
	}
}

// shared is a box of today that both providers hold.
func shared(w *World, a, b *Node) (box.Day, box.Box) {
	day := box.DayOf(w.genesis.Start, w.Now())
	var all []box.Holder
	for _, n := range []string{"p1", "p2", "p3"} {
		all = append(all, box.Holder(w.Node(n).ID()))
	}
	par := w.genesis.Parameters
	for i := uint64(0); ; i++ {
		found := boxtest.Box(i, 'x', box.Format{Plaintext: par.BoxPlaintext}.CiphertextSize())
		held := box.Placement(day, found.ID, all, par.Replicas)
		if slices.Contains(held, box.Holder(a.ID())) && slices.Contains(held, box.Holder(b.ID())) {
			return day, found
		}
	}
}
