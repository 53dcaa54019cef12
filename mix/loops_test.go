package mix

import (
	crand "crypto/rand"
	"math/rand/v2"
	"testing"
	"time"
)

// TestSleptMixDoesNotCatchUp: a mix that slept through fifty slots sends one loop, not a burst of them. The
// control is one that was awake meanwhile.
func TestSleptMixDoesNotCatchUp(t *testing.T) {
	const slots = 50
	sent := func(awake bool) (n int) {
		loops, every := loopsOfTown(t)
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

func loopsOfTown(t *testing.T) (loops *Loops, every time.Duration) {
	t.Helper()
	w := newTown(t, townParameters(), nil)
	doc := w.signed(0, nil)
	params, err := doc.Parameters.PacketParams()
	if err != nil {
		t.Fatal(err)
	}
	every = doc.Parameters.EpochLength / 1000
	loops = NewLoops(LoopsConfig{
		Self: doc.Layer(1)[0].ID, Params: params, Epochs: w.genesis.Schedule(), Every: every,
		Times: rand.New(rand.NewPCG(1, 2)), Choice: rand.New(rand.NewPCG(3, 4)), Secrets: crand.Reader,
	}, w.genesis.Schedule().StartOf(0))
	loops.SetDocument(doc)
	return loops, every
}
