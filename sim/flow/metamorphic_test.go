package flow

import (
	"context"
	"fmt"
	"math"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"murmuration/sim/stat"
)

// anyNetwork draws a small network of any kind.
func anyNetwork(t *rapid.T) Config {
	c := Config{
		Topology: rapid.SampledFrom([]Topology{Stratified, Cascade, FreeRoute}).Draw(t, "topology"),
		Layers:   rapid.IntRange(1, 4).Draw(t, "layers"),
		Width:    rapid.IntRange(2, 6).Draw(t, "width"),
		Link:     Link{Min: 0.125, Max: 0.125 * float64(rapid.IntRange(1, 3).Draw(t, "jitter"))},
		Rate:     rapid.SampledFrom([]float64{4, 16, 64}).Draw(t, "rate"),
		Targets:  24,
	}
	c.Mix = anyMix(t, c.Topology)
	if rapid.Bool().Draw(t, "cover") {
		c.Cover = append(c.Cover, Cover{From: rapid.IntRange(0, c.Layers).Draw(t, "from"), Rate: 8})
	}
	if c.Topology != FreeRoute && rapid.Bool().Draw(t, "weighted") {
		for i := range c.Width {
			c.Weights = append(c.Weights, float64(1+i))
		}
	}
	return c
}

func anyMix(t *rapid.T, topology Topology) Mix {
	strategies := []Strategy{Poisson, Timed, Binomial, Threshold}
	if topology == FreeRoute {
		strategies = strategies[:3]
	}
	keep := rapid.IntRange(0, 3).Draw(t, "keep")
	switch s := rapid.SampledFrom(strategies).Draw(t, "strategy"); s {
	case Threshold:
		return Mix{Strategy: s, Threshold: rapid.IntRange(1, 8).Draw(t, "threshold"), Keep: keep}
	case Timed:
		return Mix{Strategy: s, Every: 1, Keep: keep}
	case Binomial:
		return Mix{Strategy: s, Every: 0.5, SendShare: 0.5}
	default:
		return Mix{MeanDelay: 0.5}
	}
}

func mixes(c Config) int {
	if c.Topology == FreeRoute {
		return c.Width
	}
	return c.Width * c.Layers
}

func runRapid(t *rapid.T, c Config, seed uint64) *Result {
	r, err := Run(context.Background(), c, seed, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Traces) != c.Targets {
		t.Fatalf("%d traces of %d targets", len(r.Traces), c.Targets)
	}
	return r
}

// Every exact trace of every kind of network is calibrated, in both directions, whoever is corrupt.
func TestCalibrationIdentity(t *testing.T) {
	sum, variance := 0.0, 0.0
	rapid.Check(t, func(t *rapid.T) {
		c := anyNetwork(t)
		c.Corrupt = rapid.IntRange(0, mixes(c)/2).Draw(t, "corrupt")
		c.Direction = rapid.SampledFrom([]Direction{forward, Backward}).Draw(t, "direction")
		r := runRapid(t, c, rapid.Uint64().Draw(t, "seed"))
		m := r.calibration()
		if math.Abs(m.Value) > 7*m.StdErr+1e-6 {
			t.Fatalf("off by %.4f ± %.4f bit", m.Value, m.StdErr)
		}
		sum += m.Value * float64(m.N)
		variance += math.Pow(m.StdErr*float64(m.N), 2)
	})
	if math.Abs(sum) > 5.5*math.Sqrt(variance) {
		t.Errorf("over all networks off by %.2f ± %.2f bit", sum, math.Sqrt(variance))
	}
}

// The observer who keeps believing in discarded dummies is not calibrated: the identity can fail.
func TestCalibrationControl(t *testing.T) {
	c := Config{
		Layers: 3, Width: 50, Mix: Mix{MeanDelay: 0.25}, Rate: 100, Targets: 150,
		Cover: []Cover{
			{From: 1, To: 2, Rate: 50, Standby: true}, {From: 2, To: 3, Rate: 50, Standby: true},
		},
	}
	r := run(t, c, 1)
	if m := r.calibration(); r.Exact || math.Abs(m.Value) < 5*m.StdErr {
		t.Errorf("exact %v, off by %.4f ± %.4f bit", r.Exact, m.Value, m.StdErr)
	}
}

func TestTimeScaleLeavesEntropy(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := anyNetwork(t)
		seed := rapid.Uint64().Draw(t, "seed")
		const by = 4 // a power of two, so that nothing rounds
		slow := c
		slow.Mix.MeanDelay, slow.Mix.Every = by*c.Mix.MeanDelay, by*c.Mix.Every
		slow.Link, slow.Rate = Link{by * c.Link.Min, by * c.Link.Max}, c.Rate/by
		slow.Cover = nil
		for _, d := range c.Cover {
			d.Rate /= by
			slow.Cover = append(slow.Cover, d)
		}
		a, b := runRapid(t, c, seed), runRapid(t, slow, seed)
		for i := range b.Traces {
			b.Traces[i].Latency /= by
		}
		if !reflect.DeepEqual(a.Traces, b.Traces) {
			t.Fatalf("%+v\n%+v", a.Traces[0], b.Traces[0])
		}
	})
}

func TestAllCorruptLeavesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := anyNetwork(t)
		c.Corrupt = mixes(c)
		c.Direction = rapid.SampledFrom([]Direction{forward, Backward}).Draw(t, "direction")
		r := runRapid(t, c, rapid.Uint64().Draw(t, "seed"))
		for _, tr := range r.Traces {
			if tr.Shannon > 1e-5 || tr.OneGuess < 1-1e-6 || tr.Surprisal > 1e-5 ||
				tr.Guesses > 1.01 {
				t.Fatalf("%+v", tr)
			}
		}
		if r.Compromised < 1-1e-9 {
			t.Fatalf("compromised paths: %g", r.Compromised)
		}
	})
}

// more runs two networks that differ in one thing with the same seeds, and returns how much more
// entropy the second leaves, per replication.
func more(t *testing.T, a, b Config, replications int) stat.Metric {
	t.Helper()
	ra, errA := Replicate(context.Background(), a, 5, 0, 0, replications, 2)
	rb, errB := Replicate(context.Background(), b, 5, 0, 0, replications, 2)
	if errA != nil || errB != nil {
		t.Fatal(errA, errB)
	}
	var d stat.Running
	for i := range ra {
		d.Add(shannon(rb[i]).Value - shannon(ra[i]).Value)
	}
	return stat.FromRunning("more entropy", "bit", d)
}

func network(topology Topology) Config {
	return Config{
		Topology: topology, Layers: 3, Width: 5, Mix: Mix{MeanDelay: 1}, Link: Link{0.1, 0.1},
		Rate: 300, Targets: 8,
	}
}

func TestTwiceTheRateIsOneBitMore(t *testing.T) {
	for _, topology := range []Topology{Stratified, Cascade, FreeRoute} {
		a := network(topology)
		b := a
		b.Rate *= 2
		if m := more(t, a, b, 6); math.Abs(m.Value-1) > 5*m.StdErr+0.03 {
			t.Errorf("topology %d: %.4f ± %.4f bit", topology, m.Value, m.StdErr)
		}
	}
}

func TestObservingLessNeverSharpens(t *testing.T) {
	for _, topology := range []Topology{Stratified, Cascade, FreeRoute} {
		for _, direction := range []Direction{forward, Backward} {
			a := network(topology)
			a.Rate, a.Direction, a.Corrupt = 50, direction, mixes(a)*3/5
			b := a
			b.Corrupt = mixes(b) / 5
			if m := more(t, a, b, 12); m.Value < 3*m.StdErr {
				t.Errorf("topology %d, direction %d: corrupting fewer gives %.4f ± %.4f bit",
					topology, direction, m.Value, m.StdErr)
			}
		}
	}
}

func TestCoverNeverLowersEntropy(t *testing.T) {
	for from := range 4 {
		a := network(Stratified)
		a.Rate = 50
		b := a
		b.Cover = []Cover{{From: from, Rate: 50}}
		m := more(t, a, b, 8)
		if m.Value < 3*m.StdErr || (from == 0 && math.Abs(m.Value-1) > 0.4) {
			t.Errorf("cover from layer %d: %.4f ± %.4f bit", from, m.Value, m.StdErr)
		}
	}
}

// Steady Poisson networks look the same forward and backward in time.
func TestBackwardEqualsForward(t *testing.T) {
	a := network(Stratified)
	a.Rate, a.Corrupt, a.Balanced = 60, 3, true
	b := a
	b.Direction = Backward
	if m := more(t, a, b, 24); math.Abs(m.Value) > 5*m.StdErr {
		t.Errorf("backward gives %.4f ± %.4f bit more", m.Value, m.StdErr)
	}
}

// One core or two, one by one or together: the same.
func TestSameSeedSameResult(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, seed := anyNetwork(t), rapid.Uint64().Draw(t, "seed")
		c.Targets = 3
		one, err1 := Replicate(context.Background(), c, seed, 7, 0, 3, 1)
		two, err2 := Replicate(context.Background(), c, seed, 7, 0, 3, 2)
		if err1 != nil || err2 != nil || !reflect.DeepEqual(one, two) {
			t.Fatalf("%v %v", err1, err2)
		}
		last, err := Run(context.Background(), c, seed, 7, 2)
		if err != nil || !reflect.DeepEqual(last, two[2]) {
			t.Fatalf("replication 2 alone differs: %v", err)
		}
		if reflect.DeepEqual(one[0].Traces, one[1].Traces) && one[0].Traces[0].Shannon > 1e-6 {
			t.Fatal("control: two replications are the same")
		}
	})
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Replicate(ctx, network(Stratified), 1, 0, 0, 4, 2); err == nil {
		t.Error("a cancelled run gave a result")
	}
}

func ExampleRun() {
	c := Config{Layers: 3, Width: 10, Mix: Mix{MeanDelay: 1}, Rate: 1000, Targets: 8}
	r, err := Run(context.Background(), c, 1, 0, 0)
	fmt.Println(len(r.Traces), r.Exact, err)
	// Output: 8 true <nil>
}
