package world_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"murmuration/sim/world"
)

// ksExponential is the Kolmogorov-Smirnov distance of x from Exp(1), times the square root of its
// length.
func ksExponential(x []float64) float64 {
	slices.Sort(x)
	n, worst := float64(len(x)), 0.0
	for i, v := range x {
		f := 1 - math.Exp(-v)
		worst = max(worst, f-float64(i)/n, float64(i+1)/n-f)
	}
	return worst * math.Sqrt(n)
}

// ksCritical is exceeded with probability 10⁻⁴ (Kolmogorov's distribution: 2·exp(−2·c²) = 10⁻⁴).
const ksCritical = 2.226

// TestRealisedDelaysAreExponential measures what a watcher sees: the time between a packet's coming
// and its leaving, at every layer, providers (as first hop and as holder) included.
func TestRealisedDelaysAreExponential(t *testing.T) {
	quick(t)
	par := world.Quick()
	par.Suite, par.BoxPlaintext = "xwing", 64+1024
	par.MeanHopDelay, par.HopDelayLimit = 200*time.Millisecond, 2*time.Second
	par.EpochLength, par.Grace = 1000*time.Second, 250*time.Second
	par.FetchDelay = 2 * time.Second
	const ms = time.Millisecond
	par.PayloadEvery, par.LoopEvery, par.DropEvery = 40*ms, 200*ms, 40*ms
	net := network
	net.People = []string{"alice", "bob", "carol"}
	w := newWorld(t, world.Config{Seed: 9, Parameters: par, Network: net, Null: true})
	came, delays := map[*byte]time.Time{}, map[int][]float64{}
	w.Arrived = func(_ *world.Node, packet []byte,
		extra time.Duration) {
		came[&packet[0]] = w.Now().Add(extra)
	}
	w.Left = func(n *world.Node, packet []byte) {
		if since, ok := came[&packet[0]]; ok {
			delete(came, &packet[0])
			delays[n.Layer()] = append(delays[n.Layer()],
				float64(w.Now().Sub(since))/float64(par.MeanHopDelay))
		}
	}
	run(t, w, 42*time.Second)
	for layer := range len(net.Layers) + 1 {
		x := delays[layer]
		if len(x) < 10_000 {
			t.Fatalf("layer %d: only %d packets", layer, len(x))
		}
		if d := ksExponential(x[:10_000]); d > ksCritical {
			t.Errorf("layer %d: %d delays are not exponential: KS %.2f, critical %.2f", layer,
				len(x), d, ksCritical)
		}
	}
	if control := make([]float64, 10_000); ksExponential(control) <= ksCritical {
		t.Error("control: constant delays pass for exponential")
	}
	shifted := slices.Clone(delays[1][:10_000])
	for i := range shifted {
		shifted[i] += 0.05 // a hop that adds 10 ms of its own
	}
	if ksExponential(shifted) <= ksCritical {
		t.Error("control: delays with 10 ms added pass for exponential")
	}
}
