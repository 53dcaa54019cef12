package flow

// Each test here is of a bug that was there once, with a line of its history.

import (
	"math"
	"testing"

	"murmuration/sim/stat"
)

// History: A cascade of threshold mixes lost its batches between layers.
//
// In a cascade of threshold mixes a batch stays a batch: the number of flushes that a message waits
// is the sum of one geometric number a layer, and within a flush all are alike. Mixes once began
// with a random part of a batch, which such a cascade never loses, and gave up to 1.3 bits too
// much. Independent batches are the control.
func TestCascadeKeepsBatches(t *testing.T) {
	for _, keep := range []int{0, 25} {
		c := Config{
			Layers: 3, Width: 2, Topology: Cascade, Link: Link{Min: 0.01, Max: 0.01},
			Mix: Mix{Strategy: Threshold, Threshold: 100, Keep: keep}, Rate: 1000, Targets: 20,
		}
		exact := cascadeOfPools(3, 100, float64(keep))
		if m := shannon(run(t, c, 1)); math.Abs(m.Value-exact) > 1e-4 {
			t.Errorf("%d kept: %.5f ± %.5f, exact %.5f", keep, m.Value, m.SD, exact)
		}
		c.Topology = Stratified
		if m := shannon(run(t, c, 1)); m.Value < exact+0.5 {
			t.Errorf("%d kept, mixed batches: %.5f, no more than the cascade's %.5f", keep, m.Value,
				exact)
		}
	}
}

// History: The remainder of balanced corrupt mixes was always in the first layers.
//
// What does not divide among the layers goes to any of them: it once always went to the first,
// where a corrupt mix takes the most from the entropy.
func TestBalancedRemainderIsAnywhere(t *testing.T) {
	c := Config{Layers: 3, Width: 2, Balanced: true, Corrupt: 4}
	var seen [3]int
	const seeds = 300
	for seed := range uint64(seeds) {
		for i, l := range newRoutes(&c, stat.Seed(seed, 0, 0, 0, "")).corrupt {
			if l[0] && l[1] {
				seen[i]++
			}
		}
	}
	for i, n := range seen {
		if n < 60 || n > 140 { // 100 ± 8.2, five sigmas
			t.Errorf("layer %d had the fourth corrupt mix %d times of %d", i, n, seeds)
		}
	}
}
