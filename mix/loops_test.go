package mix

import (
	crand "crypto/rand"
	"math/rand/v2"
	"testing"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/suite"
)

// TestSleptMixDoesNotCatchUp: a mix that slept through fifty slots sends one loop, not a burst of
// them. The control is one that was awake meanwhile.
func TestSleptMixDoesNotCatchUp(t *testing.T) {
	const slots = 50
	sent := func(awake bool) (n int) {
		loops, every := loopsOfRing(t)
		for i := range slots {
			now := loops.epochs.StartOf(0).Add(slots * every) // woken at the end
			if awake {
				now = loops.epochs.StartOf(0).Add(time.Duration(i+1) * every)
			}
			for _, ok, err := loops.Due(now); ok || err != nil; _, ok, err = loops.Due(now) {
				if err != nil {
					t.Fatal(err)
				}
				n++
			}
		}
		return n
	}
	if n := sent(false); n != 1 {
		t.Errorf("after a sleep of %d slots: %d loops at once", slots, n)
	}
	if n := sent(true); n < slots/3 {
		t.Errorf("control: awake, only %d loops in %d slots", n, slots)
	}
}

// loopsOfRing are those of a mix in layer 1 of a ring with one node in each layer.
func loopsOfRing(t *testing.T) (loops *Loops, every time.Duration) {
	t.Helper()
	par, err := directory.Defaults("x25519")
	if err != nil {
		t.Fatal(err)
	}
	params, err := par.PacketParams()
	if err != nil {
		t.Fatal(err)
	}
	doc := &directory.Document{Parameters: par}
	for layer := range par.Layers + 1 {
		n := directory.Node{ID: directory.NodeID{byte(layer)}, Role: directory.RoleMix,
			Layer: layer}
		if layer == 0 {
			n.Role = directory.RoleProvider
		}
		key, err := params.Suite().NewPrivateKey([suite.SeedSize]byte{byte(layer + 1)})
		if err != nil {
			t.Fatal(err)
		}
		n.Keys[0] = key.Public().Bytes()
		doc.Nodes = append(doc.Nodes, n)
	}
	every = par.EpochLength / 1000
	loops = NewLoops(LoopsConfig{
		Self: doc.Layer(1)[0].ID, Params: params,
		Epochs: directory.Schedule{Start: epoch0, Length: par.EpochLength}, Every: every,
		Times: rand.New(rand.NewPCG(1, 2)), Choice: rand.New(rand.NewPCG(3, 4)),
		Secrets: crand.Reader,
	}, epoch0)
	loops.SetDocument(doc)
	return loops, every
}

// TestLoopsGoThroughProbation: a mix on probation, which packets of clients do not use, is on the
// way of other mixes' loops. The control is a ring without it.
func TestLoopsGoThroughProbation(t *testing.T) {
	through := func(listed bool) (n int) {
		loops, _ := loopsOfRing(t)
		newcomer := directory.Node{ID: directory.NodeID{99}, Role: directory.RoleMix, Layer: 2,
			Probation: true}
		if listed {
			loops.doc.Nodes = append(loops.doc.Nodes, newcomer)
		}
		for range 100 {
			ids, err := loops.path()
			if err != nil {
				t.Fatal(err)
			}
			for _, id := range ids {
				if id == newcomer.ID {
					n++
				}
			}
		}
		for _, one := range loops.doc.Layer(2) {
			if one.ID == newcomer.ID {
				t.Error("clients use a mix on probation")
			}
		}
		return n
	}
	if n := through(true); n < 30 || n > 70 {
		t.Errorf("%d of 100 loops go through the newcomer, one of two mixes of its layer", n)
	}
	if n := through(false); n != 0 {
		t.Errorf("control: %d loops go through who is not listed", n)
	}
}
