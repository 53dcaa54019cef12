package sender

import (
	"math/rand/v2"
	"testing"
)

// TestNoPathMeetsAFamilyTwice: where a layer has a mix of nobody's family at the ends, one of those
// is drawn; where it has none, any is. The control is the same ring without families.
func TestNoPathMeetsAFamilyTwice(t *testing.T) {
	mix := func(family string) *node { return &node{family: family, weight: 4} }
	ring := func(herons, storks string) int {
		r := router{packets: &packets{route: rand.New(rand.NewPCG(7, 8))}, view: &view{
			layers: [][]*node{{mix(herons), mix("")}, {mix(storks), mix(herons), mix("")},
				{mix("")}}}}
		from, to, twice := mix("herons"), mix("storks"), 0
		marked := map[*node]bool{r.view.layers[0][0]: true, r.view.layers[1][0]: true,
			r.view.layers[1][1]: true}
		for range 1000 {
			for _, n := range r.mixes(from, to) {
				if marked[n] {
					twice++
				}
			}
		}
		return twice
	}
	if n := ring("herons", "storks"); n != 0 {
		t.Errorf("%d of 1,000 paths meet an operator twice", n)
	}
	if n := ring("", ""); n < 900 {
		t.Errorf("control: only %d mixes of 1,000 paths are those of the families", n)
	}
	only := []*node{mix("herons"), mix("herons")}
	if got := apart(only, mix("herons"), mix("")); len(got) != 2 {
		t.Errorf("a layer that one operator has is left with %d of its mixes", len(got))
	}
}

// TestMixesAreDrawnByShare: of 8,000 draws each mix has its part, and where all have the same one,
// each draw is one number below their count, as it was before there were shares.
func TestMixesAreDrawnByShare(t *testing.T) {
	layer := []*node{{weight: 1}, {weight: 4}, {weight: 3}, {weight: 8}}
	rng, count := rand.New(rand.NewPCG(7, 8)), map[*node]int{}
	for range 8000 {
		count[drawMix(layer, rng)]++
	}
	for i, n := range layer {
		want := 500 * n.weight
		if count[n] < want*85/100 || count[n] > want*115/100 {
			t.Errorf("mix %d is drawn %d times, want some %d", i+1, count[n], want)
		}
	}
	even := []*node{{weight: 4}, {weight: 4}, {weight: 4}}
	a, b := rand.New(rand.NewPCG(1, 2)), rand.New(rand.NewPCG(1, 2))
	for range 100 {
		if drawMix(even, a) != even[b.IntN(len(even))] {
			t.Fatal("even shares are drawn in another way")
		}
	}
}
