package flow

import (
	"context"
	"math"
	"strings"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
	"pgregory.net/rapid"

	"murmuration/sim/stat"
	"murmuration/sim/theory"
)

// alpha is how improbable a sample must be before a test calls the engine wrong.
const alpha = 1e-5

func TestLatencyIsErlang(t *testing.T) {
	c := Config{
		Layers: 3, Width: 4, Mix: Mix{MeanDelay: 0.5}, Link: Link{0.05, 0.05}, Rate: 50,
		Targets: 600,
	}
	r := run(t, c, 3)
	law := theory.Erlang{Hops: 3, MeanHop: 0.5, Fixed: 4 * 0.05}
	var latencies []float64
	for _, tr := range r.Traces {
		latencies = append(latencies, tr.Latency)
	}
	cdf := func(x float64) float64 { p, _ := law.CDF(x); return p }
	if _, p := stat.KolmogorovSmirnov(latencies, cdf); p < alpha {
		t.Errorf("latencies of targets: p = %g", p)
	}
	if _, p := stat.KolmogorovSmirnov(latencies,
		func(x float64) float64 { return cdf(x * 1.2) }); p > alpha {
		t.Errorf("control: a delay longer by a fifth passes, p = %g", p)
	}
	mean, _ := law.Mean()
	if math.Abs(r.MeanLatency-mean) > 0.02 {
		t.Errorf("mean latency of all packets %.4f, want %.4f", r.MeanLatency, mean)
	}
	for _, q := range []float64{0.5, 0.9, 0.99} {
		want, _ := law.Quantile(q)
		if got := r.Latency.Quantile(q); math.Abs(got-want) > 0.02*want {
			t.Errorf("p%.0f %.4f, want %.4f over %d packets", 100*q, got, want, r.Latency.N())
		}
	}
}

// A Poisson network is in its steady state from the start: pools are Poisson numbers, whoever looks
// and when.
func TestPoolsArePoisson(t *testing.T) {
	c := Config{
		Layers: 3, Width: 40, Mix: Mix{MeanDelay: 1}, Link: Link{0.1, 0.4}, Rate: 200, Targets: 1,
		Cover: []Cover{{From: 2, Rate: 80}, {From: 1, To: 3, Rate: 40}},
	}
	inside := []float64{200 + 40, 200 + 80 + 40, 200 + 80}
	for _, after := range []int{0, 200} {
		e := newEngine(&c, 11, 0, uint64(after))
		for step := range after {
			e.inject(step)
			for _, s := range e.stages {
				s.step(e, step)
			}
			e.collect(nil)
		}
		for hop, s := range e.stages {
			law := distuv.Poisson{Lambda: inside[hop] / float64(c.Width)}
			if p := poissonFit(s.base().pools.count[:c.Width], law); p < alpha {
				t.Errorf("after %d steps, layer %d: p = %g", after, hop+1, p)
			}
			law.Lambda *= 2
			if p := poissonFit(s.base().pools.count[:c.Width], law); p > alpha {
				t.Errorf("control: twice the load passes, p = %g", p)
			}
		}
	}
}

func poissonFit(counts []int32, law distuv.Poisson) float64 {
	observed, expected := make([]float64, 60), make([]float64, 60)
	for _, n := range counts {
		observed[min(int(n), 59)]++
	}
	for i := range expected {
		expected[i] = law.Prob(float64(i)) * float64(len(counts))
	}
	_, p, err := stat.ChiSquare(observed, expected, 0)
	if err != nil {
		panic(err)
	}
	return p
}

func TestDenseNetworkMatchesTheory(t *testing.T) {
	for layers := 1; layers <= 4; layers++ {
		s := theory.Stratified{Layers: layers, Width: 4, Rate: 2000, MeanHop: 1}
		r := run(t,
			Config{
				Layers: layers, Width: s.Width, Rate: s.Rate, Mix: Mix{MeanDelay: s.MeanHop},
				Targets: 8,
			}, 2)
		shannonWant, err1 := s.Entropy()
		renyiWant, err2 := s.Renyi2()
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		for i, m := range []stat.Metric{shannon(r), named(r, "renyi2_mean")} {
			want := []float64{shannonWant, renyiWant}[i]
			if math.Abs(m.Value-want) > 0.05 || math.Abs(m.Value-want-0.2) < 0.05 {
				t.Errorf("%d layers, %s: %.4f, closed form %.4f", layers, m.Name, m.Value, want)
			}
		}
	}
}

func named(r *Result, name string) stat.Metric {
	for _, m := range r.Metrics() {
		if m.Name == name {
			return m
		}
	}
	return stat.Metric{Value: math.NaN()}
}

// With two labelled senders, an output with masses a and b is the first one's with probability
// a/(a+b).
func TestLabelsAreCalibrated(t *testing.T) {
	c := Config{
		Layers: 2, Width: 3, Mix: Mix{MeanDelay: 1}, Rate: 30, SenderRate: 2, Targets: 3000,
		Corrupt: 1,
	}
	r := run(t, c, 1)
	if len(r.Senders) != c.Targets {
		t.Fatalf("%d outputs of %d", len(r.Senders), c.Targets)
	}
	off, variance, blind := 0.0, 0.0, 0.0
	for _, l := range r.Senders {
		p := l.First / (l.First + l.Second)
		first := 0.0
		if l.IsFirst {
			first = 1
		}
		off, variance, blind = off+(first-p)*p, variance+p*(1-p)*p*p, blind+(first-(1-p))*(1-p)
	}
	if math.Abs(off) > 5*math.Sqrt(variance) {
		t.Errorf("labels off by %.1f ± %.1f", off, math.Sqrt(variance))
	}
	if math.Abs(blind) < 5*math.Sqrt(variance) {
		t.Error("control: swapped labels are calibrated too")
	}
}

// epsilons is the mean ε and the share δ.
func epsilons(r *Result) (epsilon, delta float64) {
	return named(r, "epsilon_mean").Value, named(r, "delta_mean").Value
}

func TestMoreTrafficUnlinksSenders(t *testing.T) {
	c := Config{
		Layers: 3, Width: 2, Mix: Mix{MeanDelay: 0.1}, Rate: 20, SenderRate: 1, Targets: 300,
	}
	e1, d1 := epsilons(run(t, c, 1))
	c.Mix.MeanDelay = 3
	e2, d2 := epsilons(run(t, c, 1))
	if !(e2 < e1/2) || !(d2 < d1) || d1 == 0 {
		t.Errorf("short delays: ε %.3f δ %.3f; long ones: ε %.3f δ %.3f", e1, d1, e2, d2)
	}
	if _, ok := (Labels{First: 0.5}).epsilon(); ok {
		t.Error("an infinite ε is taken for a number")
	}
}

// Paths go where they should, as often as they should.
func TestRoutes(t *testing.T) {
	rng := stat.Seed(1, 0, 0, 0, "routes")
	weighted := newRoutes(&Config{Layers: 2, Width: 4, Weights: []float64{4, 2, 1, 1}}, rng)
	free := newRoutes(&Config{Topology: FreeRoute, Layers: 3, Width: 4}, rng)
	cascade := newRoutes(&Config{Topology: Cascade, Layers: 3, Width: 4}, rng)
	seen, walked := make([]float64, 4), make([]float64, 4)
	for range 8000 {
		seen[weighted.next(1, 2, rng)]++
		walked[free.next(1, 2, rng)]++
		if cascade.next(2, 3, rng) != 3 {
			t.Fatal("a cascade was left")
		}
	}
	if _, p, err := stat.ChiSquare(seen, []float64{4000, 2000, 1000, 1000}, 0); p < alpha ||
		err != nil {
		t.Errorf("weights: %v, p = %g, %v", seen, p, err)
	}
	if walked[2] != 0 {
		t.Error("a walk stayed where it was")
	}
	if _, p, err := stat.ChiSquare([]float64{walked[0], walked[1], walked[3]},
		[]float64{8000. / 3, 8000. / 3, 8000. / 3}, 0); p < alpha || err != nil {
		t.Errorf("walk: %v, p = %g, %v", walked, p, err)
	}
}

func TestCorruptPlacement(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Config{
			Layers:   rapid.IntRange(1, 4).Draw(t, "layers"),
			Width:    rapid.IntRange(1, 9).Draw(t, "width"),
			Balanced: rapid.Bool().Draw(t, "balanced"),
		}
		c.Corrupt = rapid.IntRange(0, c.Layers*c.Width).Draw(t, "corrupt")
		seed := rapid.Uint64().Draw(t, "seed")
		r := newRoutes(&c, stat.Seed(seed, 0, 0, 0, ""))
		least, most, all := math.MaxInt, 0, 0
		for _, l := range r.corrupt {
			n := 0
			for _, bad := range l {
				if bad {
					n++
				}
			}
			least, most, all = min(least, n), max(most, n), all+n
		}
		if all != c.Corrupt || (c.Balanced && most-least > 1) {
			t.Fatalf("%d corrupt, %d to %d a layer", all, least, most)
		}
	})
}

// The exact share of compromised paths, averaged over placements, is the hypergeometric one.
func TestCompromisedPaths(t *testing.T) {
	for _, topology := range []Topology{Stratified, FreeRoute} {
		c := Config{Topology: topology, Layers: 2, Width: 5, Corrupt: 4, Weights: nil}
		var share stat.Running
		for i := range uint64(4000) {
			r := newRoutes(&c, stat.Seed(1, 0, i, 0, ""))
			share.Add(r.compromised(&c))
		}
		want, err := theory.PathCompromised(mixes(c), c.Corrupt, 2)
		if err != nil || math.Abs(share.Mean()-want) > 5*share.StdErr()+1e-12 {
			t.Errorf("topology %d: %.5f ± %.5f, exact %.5f (%v)", topology, share.Mean(),
				share.StdErr(), want, err)
		}
	}
	cascade := Config{Topology: Cascade, Layers: 2, Width: 2, Corrupt: 4}
	r := newRoutes(&cascade, stat.Seed(1, 0, 0, 0, ""))
	if got := r.compromised(&cascade); got != 1 {
		t.Errorf("all corrupt: %g", got)
	}
}

func TestCalendarKeepsOrder(t *testing.T) {
	rng := stat.Seed(1, 0, 0, 0, "calendar")
	const perStep = 2.0
	c := newCalendar()
	filed, out, last := 0, 0, 0.0
	for step := range 400 {
		for range rng.IntN(300) {
			at := (float64(step) + 20*rng.Exp()*rng.Exp()) / perStep
			c.file(packet{at: at}, int(at*perStep))
			filed++
		}
		for _, p := range c.turn(step, perStep) {
			if p.at < last || int(p.at*perStep) != step {
				t.Fatalf("step %d: %g after %g", step, p.at, last)
			}
			last = p.at
			out++
		}
	}
	for step := 400; out < filed; step++ {
		out += len(c.turn(step, perStep))
	}
	if free := len(c.chunks); free > filed/chunkLen {
		t.Errorf("%d chunks for %d packets: none was reused", free, filed)
	}
}

func TestRefusals(t *testing.T) {
	good := Config{Layers: 2, Width: 3, Mix: Mix{MeanDelay: 1}, Rate: 10, Targets: 1}
	nan := math.NaN()
	for want, spoil := range map[string]func(*Config){
		"topology":           func(c *Config) { c.Topology = 9 },
		"layers":             func(c *Config) { c.Layers = 0 },
		"width":              func(c *Config) { c.Width = 0 },
		"two mixes":          func(c *Config) { c.Topology, c.Width = FreeRoute, 1 },
		"no layers to weigh": func(c *Config) { c.Topology, c.Balanced = FreeRoute, true },
		"feed back": func(c *Config) {
			c.Topology, c.Mix = FreeRoute, Mix{Strategy: Threshold, Threshold: 3}
		},
		"links":        func(c *Config) { c.Link = Link{2, 1} },
		"weights":      func(c *Config) { c.Weights = []float64{1} },
		"weight of":    func(c *Config) { c.Weights = []float64{1, 0, 1} },
		"strategy":     func(c *Config) { c.Mix.Strategy = 7 },
		"mean delay":   func(c *Config) { c.Mix.MeanDelay = nan },
		"threshold of": func(c *Config) { c.Mix = Mix{Strategy: Threshold} },
		"keeps": func(c *Config) {
			c.Mix = Mix{Strategy: Threshold, Threshold: 1, Keep: -1}
		},
		"tick": func(c *Config) { c.Mix = Mix{Strategy: Timed} },
		"sends with": func(c *Config) {
			c.Mix = Mix{Strategy: Binomial, Every: 1, SendShare: 2}
		},
		"rate":          func(c *Config) { c.Rate = 0 },
		"cover from":    func(c *Config) { c.Cover = []Cover{{From: 1, To: 1, Rate: 1}} },
		"cover of":      func(c *Config) { c.Cover = []Cover{{Rate: nan}} },
		"standby":       func(c *Config) { c.Cover = []Cover{{Rate: 1, Standby: true}} },
		"mixes corrupt": func(c *Config) { c.Corrupt = 7 },
		"targets":       func(c *Config) { c.Targets = 0 },
		"lanes":         func(c *Config) { c.Lanes = 99 },
		"duration":      func(c *Config) { c.Duration = -1 },
		"two senders":   func(c *Config) { c.SenderRate = 6 },
		"direction":     func(c *Config) { c.Direction = 3 },
		"only exact": func(c *Config) {
			c.Direction, c.Cover = Backward, LinkDummies(2, 5)
		},
		"keeps all its":       func(c *Config) { c.Direction, c.Targets = Backward, 1<<30 },
		"packets in its mixe": func(c *Config) { c.Rate = 1e9 },
	} {
		c := good
		spoil(&c)
		if _, err := Run(context.Background(), c, 1, 0, 0); err == nil ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("want a refusal with %q: %v", want, err)
		}
	}
	if err := good.Validate(); err != nil {
		t.Errorf("control: %v", err)
	}
}

// What comes over constant links arrives in order of time, however targets and births mix; the
// merge relies on it.
func TestArrivalsAreInOrder(t *testing.T) {
	arrived := 0
	rapid.Check(t, func(t *rapid.T) {
		c := anyNetwork(t)
		c.Link = Link{Min: 0.125, Max: 0.125}
		c.Cover = append(c.Cover, Cover{From: 1, Rate: 30})
		c.Lanes, c.Duration, c.Targets = 4, 0.5, 12
		e := newEngine(&c, rapid.Uint64().Draw(t, "seed"), 0, 0)
		e.tracing = true
		for step := range 60 {
			e.inject(step)
			for _, s := range e.stages {
				r := s.base().road
				arrived += inOrder(t, r.days[step&(len(r.days)-1)].packets, step, e.perStep)
				s.step(e, step)
			}
		}
	})
	if arrived == 0 {
		t.Error("nothing arrived")
	}
}

func inOrder(t *rapid.T, ps []packet, step int, perStep float64) int {
	last := 0.0
	for _, p := range ps {
		if p.at < last || int(p.at*perStep) != step {
			t.Fatalf("step %d: %g after %g", step, p.at, last)
		}
		last = p.at
	}
	return len(ps)
}

// Dummies that live longer hide more, and both kinds hide more than none.
func TestDummiesHide(t *testing.T) {
	none := mixim(3, 20, 40, 1, 40)
	link, partial := none, none
	link.Cover, partial.Cover = LinkDummies(3, 300), partialDummies(3, 450) // 150 a layer each
	for _, pair := range [][2]Config{{none, link}, {link, partial}} {
		if m := more(t, pair[0], pair[1], 8); m.Value < 3*m.StdErr {
			t.Errorf("%.4f ± %.4f bit more", m.Value, m.StdErr)
		}
	}
}
