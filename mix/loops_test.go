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
